"""How full an ext file system is."""

import pytest
from tests.unit.disks.native.ext_image import ExtImage

from imgkit.disks.native.ext_reader import ExtReader
from imgkit.disks.native.ext_usage import ext_usage
from imgkit.errors import CannotLookInside
from imgkit.model.storage import Journal


def usage(image: ExtImage):
    return ext_usage(ExtReader(image.memory), image.memory)


def test_free_blocks_and_inodes_are_those_of_the_groups() -> None:
    found = usage(ExtImage())
    assert (found.free_bytes, found.inodes, found.inodes_free) == (60 * 1024, 32, 20)
    overhead = 1 + (8 + 2) + (1 + 1)  # the first block, the tables and bitmaps, the superblock and descriptors
    assert (found.size_bytes, found.used_bytes) == ((128 - overhead) * 1024, (128 - overhead - 60) * 1024)


def test_the_overhead_that_mke2fs_left_is_believed() -> None:
    image = ExtImage()
    image.poke(0x248, "<I", 28)
    assert usage(image).size_bytes == 100 * 1024


def test_a_journal_that_waits_is_said() -> None:
    assert usage(ExtImage(compatible=4, incompatible=0x46)).journal is Journal.PENDING
    assert usage(ExtImage(compatible=4)).journal is Journal.CLEAN


def test_more_free_than_there_is_is_no_answer() -> None:
    image = ExtImage()
    image.content[2048 + 12 : 2048 + 14] = b"\xff\xff"
    with pytest.raises(CannotLookInside, match="more is free"):
        usage(image)
