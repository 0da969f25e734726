import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.facts.tree import Link, MemoryTree, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.guest import Guest, as_path, as_text, mode_words, moment, parse_number
from imgkit.model.tree import Entry, EntryKind


def test_a_file_comes_with_its_digest_and_where_it_was():
    content = guest_with({"/etc/x": "hello"}).read(b"/etc/x")
    assert content.source.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert (content.source.tree, content.source.path, content.source.size) == ("system:1", b"/etc/x", 5)
    assert not content.source.truncated


def test_a_file_of_exactly_the_limit_is_whole():
    assert not guest_with({"/x": "12345"}).read(b"/x", limit=5).source.truncated


def test_a_file_beyond_the_limit_is_cut_and_says_so():
    content = guest_with({"/x": "123456"}).read(b"/x", limit=5)
    assert (content.data, content.source.truncated, content.source.size) == (b"12345", True, 5)


def test_the_first_file_that_is_there_is_read():
    guest = guest_with({"/b": "two", "/c": "three", "/a": Link(b"/gone")})
    found = guest.read_first(b"/a", b"/b", b"/c")
    assert found is not None
    assert found.data == b"two"
    assert guest.read_first(b"/nothing") is None


def test_a_file_that_cannot_be_read_is_not_passed_over():
    with pytest.raises(CannotLookInside, match="sector"):
        guest_with({"/a": Shut("bad sector"), "/b": "two"}).read_first(b"/a", b"/b")


def test_lines_have_numbers_and_no_ends():
    content = guest_with({"/x": "one\r\n\n \ttwo"}).read(b"/x")
    assert list(content.lines()) == [(1, "one"), (2, ""), (3, "two")]


def test_a_folder_that_is_not_there_is_none_and_not_empty():
    assert guest_with({}).folder(b"/x") is None
    assert guest_with({}).folder(b"/") == ()


def test_only_a_link_has_a_target():
    guest = guest_with({"/link": Link(b"../there"), "/file": ""})
    assert guest.link_target(b"/link") == b"../there"
    assert guest.link_target(b"/file") is None
    assert guest.link_target(b"/gone") is None


def test_a_copy_has_the_bytes_and_their_digest(tmp_path: Path):
    source = guest_with({"/db": b"abcdef"}).copy(b"/db", tmp_path / "copy", limit=100)
    assert (tmp_path / "copy").read_bytes() == b"abcdef"
    assert (source.sha256, source.truncated) == (hashlib.sha256(b"abcdef").hexdigest(), False)


class PartsTree(MemoryTree):
    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        data = super().read_file(path, limit=limit)
        yield from (data[at : at + 2] for at in range(0, len(data), 2))

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        raise AssertionError("a large file is read in parts where that can be")


@pytest.mark.parametrize(
    ("limit", "kept", "truncated"), [(100, b"abcdef", False), (6, b"abcdef", False), (3, b"abc", True)]
)
def test_a_copy_comes_in_parts_up_to_the_limit(tmp_path: Path, limit, kept, truncated):
    guest = Guest(tree=PartsTree({"/db": b"abcdef"}), label="x")
    source = guest.copy(b"/db", tmp_path / "copy", limit=limit)
    assert (tmp_path / "copy").read_bytes() == kept
    assert (source.size, source.truncated) == (len(kept), truncated)
    assert source.sha256 == hashlib.sha256(kept).hexdigest()


def test_bytes_survive_being_text():
    assert as_path(as_text(b"a\xff\xc3\xa9")) == b"a\xff\xc3\xa9"
    assert as_path("/a\ud800b") == "/a\ufffdb".encode(), "JSON may have what no bytes are read as"


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", "0x1", " 1", "²", "٣", "4294967296", "1" * 500])
def test_what_is_no_number_is_none(text):
    assert parse_number(text) is None


def test_a_number_is_read():
    assert parse_number("4294967295") == 4294967295


@pytest.mark.parametrize("seconds", [1e18, -1e18, float("nan"), float("inf")])
def test_a_time_beyond_the_calendar_is_none(seconds):
    assert moment(seconds) is None


def test_a_time_is_in_utc():
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_permissions_look_as_in_ls():
    assert mode_words(Entry(name=b"x", kind=EntryKind.FILE, mode=0o104755)) == "rwsr-xr-x"


def test_what_is_quoted_has_its_secrets_masked_unless_they_are_wanted():
    guest = guest_with({})
    assert guest.quote("tool --password hunter2") == "tool --password ***"
    assert replace(guest, include_secrets=True).quote("tool --password hunter2") == "tool --password hunter2"


def test_an_endless_line_is_quoted_in_part_and_says_so():
    assert guest_with({}).quote("x" * 9000) == "x" * 8192 + " [808 more characters]"


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("password=a;b&c", "password=***"),
        ("user=eve%hunter2", "user=eve%***"),
        ("username=eve", "username=eve"),
        ("credentials=/root/.smb", "credentials=/root/.smb"),
        ("subvol=@", "subvol=@"),
        ("ro", "ro"),
    ],
)
def test_an_option_of_a_mount_keeps_its_password_to_itself(option, shown):
    guest = guest_with({})
    assert guest.quote_option(option) == shown
    assert replace(guest, include_secrets=True).quote_option(option) == option
