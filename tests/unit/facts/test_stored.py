"""What is stored of a file that is mostly holes."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts import stored
from imgkit.facts.stored import read_stored

GiB = 2**30


class Sparse:
    """A file that is what its stretches hold; `asked` are the reads."""

    def __init__(self, content: dict[int, bytes], size: int) -> None:
        self.content, self.size = content, size
        self.asked: list[tuple[int, int]] = []

    def stored(self, path: bytes, *, most: int) -> Sequence[tuple[int, int]]:
        return [(offset, len(data)) for offset, data in sorted(self.content.items())][:most]

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        self.asked.append((offset, length))
        made = bytearray(max(0, min(length, self.size - offset)))
        for start, data in self.content.items():
            for at, byte in enumerate(data):
                if 0 <= start + at - offset < len(made):
                    made[start + at - offset] = byte
        return bytes(made)


def test_only_what_is_stored_is_read_with_a_few_bytes_on_either_side():
    tree = Sparse({0: b"ab", 500 * GiB: b"cd"}, 500 * GiB + 3)
    found = read_stored(tree, b"/x", around=5)
    assert found.pieces == ((0, b"ab" + bytes(5)), (500 * GiB - 5, bytes(5) + b"cd\0"))
    assert (found.size, found.left_out) == (15, "")
    assert found.sha256 == hashlib.sha256(b"ab" + bytes(10) + b"cd\0").hexdigest()
    assert len(tree.asked) == 2


def test_what_lies_close_together_is_read_once_whatever_cuts_it():
    whole, cut = Sparse({10: b"abcd"}, 100), Sparse({10: b"ab", 12: b"cd"}, 100)
    assert read_stored(whole, b"/x", around=3) == read_stored(cut, b"/x", around=3)
    assert cut.asked == [(7, 10)]


def test_a_file_of_holes_alone_holds_nothing():
    assert read_stored(Sparse({}, GiB), b"/x", around=3).pieces == ()


@pytest.mark.parametrize(
    ("bound", "value", "words", "pieces"),
    [
        ("MOST_BYTES", 6, "only the first 6 B of what is stored", [6]),
        ("MOST_BYTES", 4, "only the first 4 B of what is stored", [4]),
        ("MOST_BYTES", 12, "", [4, 4, 4]),
        ("MOST_PIECES", 2, "only its first 2 stretches", [4, 4]),
        ("MOST_STRETCHES", 2, "only its first 2 stretches", [4, 4]),
        ("MOST_PIECES", 3, "", [4, 4, 4]),
    ],
)
def test_endless_ones_are_cut_and_say_so(bound, value, words, pieces, monkeypatch):
    monkeypatch.setattr(stored, bound, value)
    found = read_stored(Sparse({at * 1000: b"abcd" for at in range(3)}, 10_000), b"/x", around=0)
    assert words in found.left_out
    assert bool(words) == bool(found.left_out)
    assert sum(len(data) for _, data in found.pieces) == sum(pieces)


@given(st.dictionaries(st.integers(0, 200), st.binary(min_size=1, max_size=20), max_size=8), st.integers(0, 30))
def test_every_stored_byte_is_read_once(content, around):
    tree = Sparse(content, 300)
    found = read_stored(tree, b"/x", around=around)
    seen = [offset + at for offset, data in found.pieces for at in range(len(data))]
    assert len(seen) == len(set(seen))
    assert {start + at for start, data in content.items() for at in range(len(data))} <= set(seen)
