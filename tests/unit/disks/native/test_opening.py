"""The reader for each type."""

import pytest
from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.fat_image import FatImage
from tests.unit.disks.native.xfs_image import XfsImage

from imgkit.disks.native.opening import open_file_system
from imgkit.errors import CannotLookInside


def test_each_type_is_opened_by_its_reader() -> None:
    for kind, image in (("ext4", ExtImage()), ("xfs", XfsImage()), ("vfat", FatImage())):
        _, usage = open_file_system(kind, image.memory)
        assert usage.free_bytes
        assert usage.error == ""


def test_a_type_that_is_not_read_says_who_may() -> None:
    with pytest.raises(CannotLookInside, match=r"btrfs is not read by imgkit itself.*guestfs"):
        open_file_system("btrfs", ExtImage().memory)


def test_an_xfs_that_needs_repair_is_read_and_that_is_said() -> None:
    image = XfsImage()
    image.poke(216, ">I", 0x1B)
    _, usage = open_file_system("xfs", image.memory)
    assert "needing repair" in usage.error
    assert usage.free_bytes


def test_counters_that_are_damaged_leave_the_files_alone() -> None:
    image = XfsImage()
    image.poke(512, ">I", 0)
    reader, usage = open_file_system("xfs", image.memory)
    assert "could not be counted" in usage.error
    assert reader.root == 64
