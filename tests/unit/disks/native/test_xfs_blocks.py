"""Extents of XFS in inodes and in trees."""

import struct

import pytest
from tests.unit.disks.native.xfs_image import BLOCK, XfsImage, extent

from imgkit.disks.native.volume import Cached
from imgkit.disks.native.xfs_blocks import Extent, Fork, fork_extents
from imgkit.disks.native.xfs_layout import BTREE, EXTENTS, read_xfs_superblock
from imgkit.errors import CannotLookInside


def found(image: XfsImage, fork: Fork, first: int = 0, end: int = 1000) -> list[Extent]:
    layout = read_xfs_superblock(bytes(image.content[:512]))
    return list(fork_extents(Cached(image.memory), layout, fork, first, end))


def test_extents_in_the_inode_are_unpacked() -> None:
    raw = extent(0, 3, 20) + extent(1 << 40, 2, 30, unwritten=True)
    fork = Fork(EXTENTS, 2, raw)
    assert found(XfsImage(), fork, end=1 << 50) == [Extent(0, 3, 20), Extent(1 << 40, 2, None)]
    assert found(XfsImage(), fork, first=1, end=2) == [Extent(0, 3, 20)]
    assert found(XfsImage(), fork, first=3, end=9) == []


def leaf(*extents: bytes, level: int = 0) -> bytes:
    return struct.pack(">4sHH", b"BMA3", level, len(extents)).ljust(72, b"\0") + b"".join(extents)


def root(*children: tuple[int, int], level: int = 1) -> bytes:
    most = 20
    keys = b"".join(struct.pack(">Q", key) for key, _ in children).ljust(most * 8, b"\0")
    places = b"".join(struct.pack(">Q", place) for _, place in children).ljust(most * 8, b"\0")
    return struct.pack(">HH", level, len(children)) + keys + places


def test_of_a_tree_only_the_branches_that_are_wanted_are_read() -> None:
    image = XfsImage()
    one, two = image.block(leaf(extent(0, 1, 20)).ljust(BLOCK, b"\0")), image.block(leaf(extent(9, 1, 21)))
    fork = Fork(BTREE, 2, root((0, one), (9, two)))
    assert found(image, fork) == [Extent(0, 1, 20), Extent(9, 1, 21)]
    assert found(image, Fork(BTREE, 2, root((0, one), (9, 1 << 60))), end=9) == [Extent(0, 1, 20)]


@pytest.mark.parametrize(
    ("fork", "words"),
    [
        (Fork(EXTENTS, 99, extent(0, 1, 20)), "99 extents"),
        (Fork(EXTENTS, 2, extent(0, 5, 20) + extent(2, 1, 30)), "overlap"),
        (Fork(EXTENTS, 1, extent(0, 0, 20)), "overlap"),
        (Fork(7, 1, b""), "does not fit"),
        (Fork(BTREE, 1, root((0, 20), level=30)), "damaged"),
        (Fork(BTREE, 1, root((0, 20))), "damaged"),
        (Fork(BTREE, 1, root((0, 1 << 50))), "outside"),
    ],
)
def test_what_makes_no_sense_is_refused(fork: Fork, words: str) -> None:
    with pytest.raises(CannotLookInside, match=words):
        found(XfsImage(), fork)


def test_a_tree_that_leads_into_itself_is_refused() -> None:
    image = XfsImage()
    number = image.block(leaf(level=0))
    node = struct.pack(">4sHH", b"BMA3", 1, 1).ljust(72, b"\0") + bytes(8) + bytes(((4096 - 72) // 16 - 1) * 8)
    image.content[number * BLOCK : number * BLOCK + len(node) + 8] = node + struct.pack(">Q", number)
    with pytest.raises(CannotLookInside, match="damaged"):
        found(image, Fork(BTREE, 1, root((0, number))))
