"""Superblocks and inodes of XFS."""

import pytest
from tests.unit.disks.native.xfs_image import ROOT, XfsImage

from imgkit.disks.native.xfs_layout import parse_xfs_inode, read_xfs_superblock
from imgkit.errors import CannotLookInside

SECOND = 1_000_000_000


def test_numbers_of_blocks_and_inodes_hold_the_group_above() -> None:
    found = read_xfs_superblock(bytes(XfsImage().content[:512]))
    assert (found.block_bytes, found.inode_bytes, found.root) == (4096, 512, ROOT)
    assert found.inode_offset(ROOT + 9) == 9 * 4096 + 512
    with pytest.raises(CannotLookInside, match="outside"):
        found.block_offset(64)


@pytest.mark.parametrize(
    ("offset", "form", "value", "words"),
    [
        (0, ">I", 0, "no superblock"),
        (100, ">H", 6, "version 6"),
        (216, ">I", 0x80000000, "does not know"),
        (120, ">B", 60, "impossible sizes of blocks"),
        (122, ">B", 30, "impossible sizes of blocks"),
        (192, ">B", 9, "impossible sizes of folders"),
        (4, ">I", 512, "contradicts itself"),
    ],
)
def test_what_no_kernel_would_take_is_refused(offset: int, form: str, value: int, words: str) -> None:
    image = XfsImage()
    image.poke(offset, form, value)
    with pytest.raises(CannotLookInside, match=words):
        read_xfs_superblock(bytes(image.content[:512]))


def inode(image: XfsImage, number: int) -> bytes:
    return bytes(image.content[8 * 4096 + (number - ROOT) * 512 :][:512])


def test_both_kinds_of_times_are_read() -> None:
    image = XfsImage()
    image.inode(65, 0o100644, modified=(2**31 - 1) * SECOND + 5)
    assert parse_xfs_inode(65, inode(image, 65)).modified_ns == -1 * SECOND + 5
    image.inode(66, 0o100644, modified=(2**32 - 1) << 32 | 7, big_time=False)
    found = parse_xfs_inode(66, inode(image, 66))
    assert (found.modified_ns, found.uid, found.gid, found.links) == (-1 * SECOND + 7, 1000, 1001, 2)


def test_an_inode_that_is_none_or_another_is_refused() -> None:
    image = XfsImage()
    image.inode(65, 0o100644)
    with pytest.raises(CannotLookInside, match="says that it is inode 65"):
        parse_xfs_inode(66, inode(image, 65))
    with pytest.raises(CannotLookInside, match="empty"):
        parse_xfs_inode(66, bytes(512))


def test_an_old_inode_has_no_birth() -> None:
    image = XfsImage(version=4)
    image.inode(65, 0o100644, data=b"x" * 20, form=1, big_time=False)
    found = parse_xfs_inode(65, inode(image, 65))
    assert (found.born_ns, found.data[:20]) == (None, b"x" * 20)
