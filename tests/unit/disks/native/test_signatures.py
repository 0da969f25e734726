"""What a stretch of a disk holds, by signatures written as their formats say."""

import struct
import uuid

import pytest
from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.fat_image import FatImage
from tests.unit.disks.native.lvm_image import physical_volume
from tests.unit.disks.native.memory import Memory
from tests.unit.disks.native.test_zfs_label import label
from tests.unit.disks.native.xfs_image import XfsImage

from imgkit.disks.native.signatures import Signature, is_blank, recognise
from imgkit.disks.native.zfs_label import CONFIGURATION

NAME = "5f0b1c3e-7a52-4a5e-9d61-2f3d0e8c7b41"
RAW = uuid.UUID(NAME).bytes
SIZE = 1 << 20


def disk(*pieces: tuple[int, bytes], size: int = SIZE) -> Memory:
    content = bytearray(size)
    for offset, data in pieces:
        content[offset : offset + len(data)] = data
    return Memory(content)


def found(*pieces: tuple[int, bytes], size: int = SIZE) -> Signature:
    signature = recognise(disk(*pieces, size=size))
    assert signature is not None
    return signature


def test_luks_says_its_cipher() -> None:
    one = found((0, b"LUKS\xba\xbe\0\1aes"), (40, b"xts-plain64"), (168, NAME.encode()))
    assert (one.type, one.uuid, one.detail) == ("luks1", NAME, "aes-xts-plain64")
    area = b'{"segments": {"0": {"encryption": "aes-xts-plain64"}}}'
    head = b"LUKS\xba\xbe\0\2" + struct.pack(">Q", 16384) + bytes(8) + b"secret"
    two = found((0, head), (168, NAME.encode()), (4096, area))
    assert (two.type, two.label, two.detail) == ("luks2", "secret", "aes-xts-plain64")
    for broken in (b"[" * 9000, b"{}", b'{"segments": [5]}'):
        assert found((0, head), (4096, broken)).detail == ""


def test_the_versions_of_md_lie_in_their_places() -> None:
    later = b"\xfc\x4e\x2b\xa9" + struct.pack("<III", 1, 0, 0) + RAW + b"host:0".ljust(32, b"\0") + bytes(8)
    later += struct.pack("<iIQII", 1, 0, 9, 0, 2)
    for offset, version in ((0, "1.1"), (4096, "1.2"), (SIZE - 8192, "1.0")):
        one = found((offset, later))
        assert (one.type, one.uuid, one.label) == ("linux_raid_member", NAME, "host:0")
        assert one.detail == f"RAID 1 of 2 devices, superblock {version}"
    old = struct.pack("<5I", 0xA92B4EFC, 0, 90, 0, 0) + struct.pack("<I", 0x5F0B1C3E) + bytes(4)
    old += struct.pack("<iIII", 5, 0, 3, 3)
    assert "RAID 5 of 3 devices, superblock 0.90" in found((SIZE - 65536, old)).detail


def test_half_a_mirror_is_no_file_system() -> None:
    image = ExtImage(blocks=1024)
    later = b"\xfc\x4e\x2b\xa9" + struct.pack("<III", 1, 0, 0) + RAW
    image.content[SIZE - 8192 : SIZE - 8192 + len(later)] = later
    assert recognise(image.memory).type == "linux_raid_member"


def test_swap_has_its_signature_at_the_end_of_a_page() -> None:
    head = struct.pack("<III", 1, 99, 0) + RAW + b"swap1"
    for page in (4096, 65536):
        one = found((1024, head), (page - 10, b"SWAPSPACE2"))
        assert (one.type, one.uuid, one.label, one.size_bytes) == ("swap", NAME, "swap1", 100 * page)
    asleep = found((1024, head), (4096 - 10, b"S1SUSPEND\0"))
    assert (asleep.type, "sleep" in asleep.detail) == ("swsuspend", True)


@pytest.mark.parametrize(
    ("compatible", "incompatible", "read_only", "kind"),
    [(0, 2, 1, "ext2"), (4, 2, 1, "ext3"), (4, 0x42, 1, "ext4"), (4, 2, 8, "ext4"), (0, 8, 0, "jbd")],
)
def test_ext_is_named_by_its_features(compatible: int, incompatible: int, read_only: int, kind: str) -> None:
    image = ExtImage(compatible=compatible, incompatible=incompatible, read_only=read_only)
    image.content[1024 + 0x68 : 1024 + 0x78] = RAW
    image.content[1024 + 0x78 : 1024 + 0x7C] = b"\xffab\0"
    one = recognise(image.memory)
    assert (one.type, one.uuid, one.label) == (kind, NAME, "\\xffab")


def test_btrfs_says_how_large_it_is_and_over_how_many_devices() -> None:
    raw = bytearray(1024)
    raw[0x20:0x30], raw[0x40:0x48], raw[0x12B:0x12F] = RAW, b"_BHRfS_M", b"pool"
    struct.pack_into("<QQ", raw, 0x70, 5000, 300)
    raw[0x88] = 2
    one = found((65536, bytes(raw)))
    assert (one.type, one.uuid, one.label, one.size_bytes, one.used_bytes) == ("btrfs", NAME, "pool", 5000, 300)
    assert one.detail == "over 2 devices"


@pytest.mark.parametrize(
    ("offset", "magic", "kind"),
    [
        (3, b"-FVE-FS-", "bitlocker"),
        (0, b"hsqs", "squashfs"),
        (32769, b"CD001", "iso9660"),
        (65588, b"ReIsEr2Fs", "reiserfs"),
        (1024, b"\x10\x20\xf5\xf2", "f2fs"),
        (128 * 1024, struct.pack("<Q", 0x00BAB10C), "zfs_member"),
        (130 * 1024, struct.pack(">Q", 0x00BAB10C), "zfs_member"),
        (4096 + 24, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81"), "bcache"),
        (3, b"EXFAT   ", "exfat"),
        (3, b"NTFS    ", "ntfs"),
    ],
)
def test_others_are_named(offset: int, magic: bytes, kind: str) -> None:
    assert found((offset, magic)).type == kind


ZFS_BYTES = 1 << 20
POOL = label({"name": "tank", "pool_guid": 7, "vdev_tree": {"type": "spare"}})
SPARE = label({"state": 3, "guid": 9})
RING = struct.pack("<Q", 0x00BAB10C)


def zfs_disk(*labels: tuple[int, bytes, bool]) -> Signature | None:
    """Return what is told of labels at these offsets, each with a ring of uberblocks or without."""
    parts = [(at + CONFIGURATION, raw) for at, raw, _ in labels]
    parts += [(at + (128 << 10), RING) for at, _, ring in labels if ring]
    return recognise(disk(*parts, size=ZFS_BYTES + 4096))  # what is beyond the last label holds none


@pytest.mark.parametrize("at", [0, 256 << 10, 512 << 10, 768 << 10])
def test_any_of_its_four_labels_tells_a_part_of_a_pool(at: int) -> None:
    one = zfs_disk((at, POOL, True))
    assert one is not None
    assert (one.type, one.label, one.uuid) == ("zfs_member", "tank", "7")


def test_a_spare_is_one_that_has_no_uberblock_in_any_label_and_is_of_no_pool() -> None:
    spare = zfs_disk((0, SPARE, False), (768 << 10, SPARE, False))
    assert spare is not None
    assert (spare.type, spare.detail) == ("zfs_spare", "spare")
    assert zfs_disk((0, POOL, False)) is None, "that is nothing known, and not nothing to miss"
    feigned = zfs_disk((0, SPARE, False), (512 << 10, POOL, True))
    assert feigned is not None
    assert (feigned.type, feigned.label) == ("zfs_member", "tank")
    unnamed = zfs_disk((0, b"", True))
    assert unnamed is not None
    assert (unnamed.type, unnamed.label) == ("zfs_member", "")


def test_fat_xfs_and_lvm_are_named() -> None:
    fat = recognise(FatImage().memory)
    assert (fat.type, fat.uuid, fat.label) == ("vfat", "1234-5678", "")
    assert recognise(XfsImage().memory).label == "data"
    assert recognise(physical_volume("")).type == "LVM2_member"


def test_nothing_known_is_nothing_and_the_smallest_disk_is_no_trouble() -> None:
    assert recognise(disk()) is None
    for size in (0, 1, 511, 4096):
        assert recognise(Memory(b"x" * size)) is None


def test_a_disk_is_blank_when_both_ends_are() -> None:
    assert is_blank(disk(size=3 << 20))
    assert is_blank(disk(((3 << 20) // 2, b"x"), size=3 << 20))
    assert not is_blank(disk((SIZE - 1, b"x")))
    assert not is_blank(Memory(b""))
