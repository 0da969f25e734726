import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import MemoryTree, guest_with

from imgkit.errors import NoSuchPathInside
from imgkit.facts.guest import Guest
from imgkit.facts.line_stream import LONGEST_LINE, FileStream, LineStream


class _InPieces(MemoryTree):
    """A tree that gives files in pieces of three bytes."""

    def read_parts(self, path, *, limit):
        data = self.read_file(path, limit=limit)
        yield from (data[at : at + 3] for at in range(0, len(data), 3))


def guest_in_pieces(data: bytes) -> Guest:
    return Guest(tree=_InPieces({"/a": data}), label="system:1")


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line)))
def test_lines_are_whole_wherever_the_pieces_are_cut(lines):
    data = b"".join(line + b"\n" for line in lines)
    stream = LineStream(guest_in_pieces(data), b"/a", limit=1000)
    assert list(stream) == lines
    source = stream.source
    assert (source.sha256, source.size, source.truncated) == (hashlib.sha256(data).hexdigest(), len(data), False)


def test_a_last_line_without_an_end_is_a_line():
    assert list(LineStream(guest_in_pieces(b"ab\ncdefgh"), b"/a", limit=100)) == [b"ab", b"cdefgh"]


def test_no_more_than_the_limit_is_read_and_the_source_says_so():
    stream = LineStream(guest_in_pieces(b"abcd\nefgh\n"), b"/a", limit=7)
    assert list(stream) == [b"abcd", b"ef"]
    assert (stream.source.size, stream.source.truncated) == (7, True)


def test_a_line_without_end_is_cut():
    lines = list(LineStream(guest_with({"/a": b"x" * (LONGEST_LINE + 5) + b"\ny\n"}), b"/a", limit=1 << 20))
    assert lines == [b"x" * LONGEST_LINE, b"y"]


def test_of_lines_without_end_the_first_are_read():
    stream = LineStream(guest_in_pieces(b"\n" * 100), b"/a", limit=1000, most_lines=10)
    assert 10 <= len(list(stream)) < 20
    assert stream.source.truncated


def test_who_ends_early_has_not_read_all():
    stream = LineStream(guest_in_pieces(b"a\nb\nc\nd\n"), b"/a", limit=1000)
    assert next(iter(stream)) == b"a"
    assert (stream.source.size, stream.source.truncated) == (3, True)


def test_a_file_that_is_not_there_is_not_there():
    with pytest.raises(NoSuchPathInside):
        list(FileStream(guest_with({}), b"/a", limit=9).parts())
