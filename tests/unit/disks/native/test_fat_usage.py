"""How full FAT, exFAT and NTFS are."""

import struct

import pytest
from tests.unit.disks.native.fat_image import FatImage
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.fat_usage import exfat_usage, fat_usage
from imgkit.errors import CannotLookInside


def test_the_free_entries_of_fat12_are_counted_up_to_the_last_cluster() -> None:
    image = FatImage()
    image.file(b"A          ", b"1")
    image.file(b"B          ", b"2")
    found = fat_usage(image.memory)
    assert (found.size_bytes, found.used_bytes) == ((200 - 4) * 512, 2 * 512)


@pytest.mark.parametrize(("short", "width", "clusters"), [(40, 2, 5000), (0, 4, 70_000)])
def test_so_are_those_of_fat16_and_fat32(short: int, width: int, clusters: int) -> None:
    sectors = -(-(clusters + 2) * width // 512)
    total = 1 + sectors + clusters
    disk = bytearray((1 + sectors) * 512)
    struct.pack_into("<HBHBHHBH", disk, 11, 512, 1, 1, 1, 0, 0, 0xF8, sectors if short else 0)
    struct.pack_into("<II", disk, 32, total, 0 if short else sectors)
    for cluster in (0, 1, 2, clusters + 1):
        disk[512 + cluster * width : 512 + (cluster + 1) * width] = b"\xff" * width
    if width == 4:  # the upper bits of an entry are not FAT's to say
        struct.pack_into("<I", disk, 512 + 5 * 4, 0xF0000000)
    found = fat_usage(Memory(disk))
    assert (found.size_bytes, found.used_bytes) == (clusters * 512, 2 * 512)


def test_exfat_has_a_bitmap() -> None:
    disk = bytearray(64 * 512)
    struct.pack_into("<III", disk, 88, 10, 20, 3)
    disk[108], disk[109] = 9, 0
    struct.pack_into("<IQ", disk, 11 * 512 + 20, 2, 3)
    disk[11 * 512] = 0x81
    disk[10 * 512 : 10 * 512 + 3] = b"\xff\x01\xf0"
    found = exfat_usage(Memory(disk))
    assert (found.size_bytes, found.used_bytes) == (20 * 512, 9 * 512)
    disk[11 * 512] = 0
    with pytest.raises(CannotLookInside, match="no bitmap"):
        exfat_usage(Memory(disk))


def test_a_boot_sector_that_makes_no_sense_is_said() -> None:
    for count in (fat_usage, exfat_usage):
        with pytest.raises(CannotLookInside, match="boot sector"):
            count(Memory(bytes(1024)))
