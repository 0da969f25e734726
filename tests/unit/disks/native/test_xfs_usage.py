"""How full an XFS is."""

import pytest
from tests.unit.disks.native.xfs_image import LOG_BLOCKS, XfsImage

from imgkit.disks.native.xfs_reader import XfsReader
from imgkit.disks.native.xfs_usage import xfs_usage
from imgkit.errors import CannotLookInside


def test_free_blocks_and_inodes_are_those_of_the_groups() -> None:
    image = XfsImage()
    found = xfs_usage(XfsReader(image.memory), image.memory)
    usable = 20 + 4 + 1 - 8
    assert (found.size_bytes, found.free_bytes) == ((64 - LOG_BLOCKS) * 4096, usable * 4096)
    assert (found.inodes, found.inodes_free) == (64 * 25 // 100 * 8, 64 * 25 // 100 * 8 - 4)


def test_headers_that_are_no_headers_are_said() -> None:
    image = XfsImage()
    image.poke(512, ">I", 0)
    with pytest.raises(CannotLookInside, match="group 0"):
        xfs_usage(XfsReader(image.memory), image.memory)


def test_more_free_than_there_is_is_no_answer() -> None:
    image = XfsImage()
    image.poke(512 + 52, ">I", 1 << 30)
    with pytest.raises(CannotLookInside, match="more is free"):
        xfs_usage(XfsReader(image.memory), image.memory)
