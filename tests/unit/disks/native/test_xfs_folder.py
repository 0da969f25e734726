"""The entries of XFS folders."""

import struct

import pytest

from imgkit.disks.native.reader import Name
from imgkit.disks.native.xfs_folder import names_in_block, short_names
from imgkit.errors import CannotLookInside


def entry(name: bytes, inode: int) -> bytes:
    raw = struct.pack(">QB", inode, len(name)) + name + b"\1"
    return raw + bytes(-(len(raw) + 2) % 8) + b"\0\0"


def test_a_short_folder_may_have_small_or_large_numbers() -> None:
    raw = bytes((1, 0, 0, 0, 0, 64, 2, 0, 0)) + b"\xffa" + b"\1" + struct.pack(">I", 99)
    assert list(short_names(raw, has_types=True)) == [Name(b"\xffa", 99)]
    raw = bytes((1, 1)) + bytes(8) + bytes((1, 0, 0)) + b"b" + struct.pack(">Q", 1 << 40)
    assert list(short_names(raw, has_types=False)) == [Name(b"b", 1 << 40)]


def test_a_short_folder_that_claims_more_than_it_has_is_refused() -> None:
    with pytest.raises(CannotLookInside, match="short folder"):
        list(short_names(bytes((9, 0, 0, 0, 0, 64, 2, 0, 0)) + b"ab", has_types=True))


def test_a_block_gives_its_entries_and_not_what_was_freed() -> None:
    free = struct.pack(">HH", 0xFFFF, 24).ljust(24, b"\0")
    block = b"XDD3".ljust(64, b"\0") + entry(b".", 64) + free + entry(b"x/y", 70)
    block += struct.pack(">HH", 0xFFFF, 4096 - len(block)).ljust(4096 - len(block), b"\0")
    assert list(names_in_block(block, has_types=True)) == [Name(rb"x\x2fy", 70)]


def test_a_folder_of_one_block_ends_before_its_index() -> None:
    block = bytearray(b"XDB3".ljust(64, b"\0") + entry(b"a", 70))
    block = bytearray(block.ljust(4096 - 16, b"\xff") + bytes(8) + struct.pack(">II", 1, 0))
    length = 4096 - 16 - 64 - 16
    block[80:84] = struct.pack(">HH", 0xFFFF, length)
    assert list(names_in_block(bytes(block), has_types=True)) == [Name(b"a", 70)]


@pytest.mark.parametrize(
    "inside",
    [
        struct.pack(">HH", 0xFFFF, 0),
        struct.pack(">HH", 0xFFFF, 5000),
        struct.pack(">QB", 5, 0),
        b"\0" * 4000 + b"\1" * 32,
    ],
)
def test_what_does_not_fit_is_refused(inside: bytes) -> None:
    with pytest.raises(CannotLookInside):
        list(names_in_block((b"XDD3".ljust(64, b"\0") + inside).ljust(4096, b"\1"), has_types=True))


def test_an_unknown_block_or_too_large_an_index_is_refused() -> None:
    for block in (bytes(4096), b"XDB3".ljust(4088, b"\0") + struct.pack(">II", 60_000, 0)):
        with pytest.raises(CannotLookInside):
            list(names_in_block(block, has_types=True))
