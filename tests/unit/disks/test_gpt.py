"""The two halves of a GPT, and what they say of each other."""

import struct
import zlib

import pytest
from tests.unit.disks.test_partition_table import SECTORS, gpt_disk

from imgkit.disks.gpt import read_gpt
from imgkit.disks.table_entries import PartitionTable


def read(disk: bytes | bytearray) -> PartitionTable:
    return read_gpt(lambda offset, length: bytes(disk[offset : offset + length]), len(disk))


def sign(disk: bytearray, sector: int) -> None:
    """Make the checksums of a header hold again."""
    at = sector * 512
    first = struct.unpack_from("<Q", disk, at + 72)[0]
    struct.pack_into("<I", disk, at + 88, zlib.crc32(disk[first * 512 : first * 512 + 128 * 128]))
    struct.pack_into("<I", disk, at + 16, 0)
    struct.pack_into("<I", disk, at + 16, zlib.crc32(disk[at : at + 92]))


def honest() -> bytearray:
    """A disk whose second header lies where the first one says."""
    disk = gpt_disk()
    struct.pack_into("<Q", disk, 512 + 32, SECTORS - 1)
    sign(disk, 1)
    return disk


def test_halves_that_agree_are_no_problem() -> None:
    assert read(honest()).problems == ()


def test_a_second_half_that_differs_is_said() -> None:
    disk = honest()
    struct.pack_into("<Q", disk, (SECTORS - 33) * 512 + 128 + 40, 3999)
    sign(disk, SECTORS - 1)
    assert "describe different partitions" in read(disk).problems[0]


@pytest.mark.parametrize(("size", "words"), [(SECTORS + 100, "before the end"), (SECTORS - 40, "beyond the end")])
def test_a_disk_that_was_made_larger_or_smaller_is_said(size: int, words: str) -> None:
    disk = honest()
    disk = (disk + bytes(100 * 512))[: size * 512]
    problems = read(disk).problems
    assert words in problems[0]
    assert len(read(disk).entries) == 1


def test_a_second_half_that_is_damaged_or_lost_is_said() -> None:
    disk = honest()
    disk[(SECTORS - 1) * 512 + 60] ^= 1
    assert "second header is damaged (its checksum does not hold)" in read(disk).problems[0]
    disk[(SECTORS - 1) * 512 :] = bytes(512)
    assert read(disk).problems == ("there is no second header",)


def test_absurd_counts_are_refused() -> None:
    disk = honest()
    for sector in (1, SECTORS - 1):
        struct.pack_into("<I", disk, sector * 512 + 80, 1 << 30)
        at = sector * 512
        struct.pack_into("<I", disk, at + 16, 0)
        struct.pack_into("<I", disk, at + 16, zlib.crc32(disk[at : at + 92]))
    table = read(disk)
    assert table.entries == ()
    assert "claims 1073741824 entries" in table.error
