"""Superblocks and inodes of ext."""

import struct

import pytest
from tests.unit.disks.native.ext_image import ExtImage

from imgkit.disks.native.ext_layout import parse_inode, read_ext_superblock
from imgkit.errors import CannotLookInside

SECOND = 1_000_000_000


def superblock(image: ExtImage) -> bytes:
    return bytes(image.content[1024:2048])


def test_sizes_and_counts_are_read() -> None:
    found = read_ext_superblock(superblock(ExtImage()))
    assert (found.block_bytes, found.blocks, found.inodes, found.inode_bytes, found.groups) == (1024, 128, 32, 256, 1)


@pytest.mark.parametrize(
    ("offset", "form", "value", "words"),
    [
        (0x38, "<H", 0, "no superblock"),
        (0x18, "<I", 40, r"blocks of 2\^50"),
        (0x58, "<H", 100, "inodes of 100"),
        (0x28, "<I", 0, "without blocks or inodes"),
        (0x20, "<I", 9000, "larger than their bitmaps"),
        (0x00, "<I", 40_000_000, "more inodes than its groups"),
        (0x60, "<I", 0x80000002, "0x80000000"),
        (0x60, "<I", 0x8, "journal of another"),
    ],
)
def test_what_no_kernel_would_take_is_refused(offset: int, form: str, value: int, words: str) -> None:
    image = ExtImage()
    image.poke(offset, form, value)
    with pytest.raises(CannotLookInside, match=words):
        read_ext_superblock(superblock(image))


def test_copies_of_the_superblock_lie_in_powers_of_3_5_and_7() -> None:
    found = read_ext_superblock(superblock(ExtImage()))
    assert [group for group in range(30) if found.has_superblock(group)] == [0, 1, 3, 5, 7, 9, 25, 27]
    image = ExtImage(compatible=0x200)
    image.poke(0x24C, "<II", 1, 12)
    found = read_ext_superblock(superblock(image))
    assert [group for group in range(30) if found.has_superblock(group)] == [0, 1, 12]


@pytest.mark.parametrize(
    ("seconds", "extra", "expected"),
    [
        (-1, 0, -SECOND),
        (-(2**31), 1, (2**31) * SECOND),  # 2038 and after
        (0, 5 << 2, 5),
        (-86400, 7 << 2, -86400 * SECOND + 7),
    ],
)
def test_times_before_1970_and_after_2038_are_right(seconds: int, extra: int, expected: int) -> None:
    image = ExtImage()
    image.inode(12, 0o100600, modified=(seconds, extra), owner=(100_000, 4_000_000_000))
    raw = bytes(image.content[5 * 1024 + 11 * 256 : 5 * 1024 + 12 * 256])
    found = parse_inode(12, raw)
    assert (found.modified_ns, found.uid, found.gid) == (expected, 100_000, 4_000_000_000)


def test_an_inode_of_128_bytes_has_no_birth_and_no_nanoseconds() -> None:
    found = parse_inode(3, struct.pack("<HHIiii", 0o100644, 1, 2, 3, 4, 5).ljust(128, b"\0"))
    assert (found.born_ns, found.modified_ns, found.accessed_ns) == (None, 5 * SECOND, 3 * SECOND)


def test_a_folder_has_no_upper_half_of_its_size_unless_large_folders_are_on() -> None:
    raw = struct.pack("<HHI", 0o40755, 0, 7).ljust(108, b"\0") + struct.pack("<I", 9).ljust(20, b"\0")
    assert parse_inode(3, raw).size == 7
    assert parse_inode(3, raw, large_folders=True).size == 7 + (9 << 32)
