"""Partition tables built byte by byte."""

import struct
import uuid
import zlib

from imgkit.disks.partition_table import read_table
from imgkit.disks.table_entries import PartitionTable
from imgkit.model.storage import TableKind

SECTORS = 4096
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
UNIQUE = "A1B2C3D4-0001-4000-8000-000000000001"


def mbr(*rows: tuple[int, int, int, int], disk_id: int = 0) -> bytes:
    entries = b"".join(struct.pack("<B3xB3xII", *row) for row in rows).ljust(64, b"\0")
    return struct.pack("<I", disk_id).rjust(444, b"\0").ljust(446, b"\0") + entries + b"\x55\xaa"


def gpt_header(entries: bytes, *, at: int, entries_at: int) -> bytes:
    def packed(checksum: int) -> bytes:
        disk = uuid.uuid4().bytes_le
        return struct.pack(
            "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, checksum, 0, at, SECTORS - 1, 34, SECTORS - 34,
            b"\7" * 16 if disk else b"", entries_at, 128, 128, zlib.crc32(entries),
        )  # fmt: skip

    return packed(zlib.crc32(packed(0)))


def gpt_disk() -> bytearray:
    entry = struct.pack(
        "<16s16sQQQ72s",
        uuid.UUID(LINUX).bytes_le,
        uuid.UUID(UNIQUE).bytes_le,
        2048,
        4000,
        4,
        "root".encode("utf-16-le"),
    )
    entries = (bytes(128) + entry).ljust(128 * 128, b"\0")  # the first slot is empty: numbers are slots
    disk = bytearray(SECTORS * 512)
    disk[:512] = mbr((0, 0xEE, 1, SECTORS - 1))
    disk[512 : 512 + 92] = gpt_header(entries, at=1, entries_at=2)
    disk[1024 : 1024 + len(entries)] = entries
    disk[(SECTORS - 33) * 512 : (SECTORS - 1) * 512] = entries
    disk[(SECTORS - 1) * 512 : (SECTORS - 1) * 512 + 92] = gpt_header(entries, at=SECTORS - 1, entries_at=SECTORS - 33)
    return disk


def table_of(disk: bytes | bytearray) -> PartitionTable:
    return read_table(lambda offset, length: bytes(disk[offset : offset + length]), len(disk))


def test_a_disk_of_zeroes_has_no_table():
    assert table_of(bytes(1024)) == PartitionTable(kind=TableKind.NONE)


def test_a_boot_sector_of_a_file_system_is_no_table():
    fat = bytearray(mbr((0x80, 0x83, 1, 10)))
    fat[54:59] = b"FAT16"
    assert table_of(fat).kind is TableKind.NONE
    assert table_of(mbr((0x41, 0x6F, 1, 10))).kind is TableKind.NONE


def test_an_mbr_gives_start_size_type_and_uuid():
    (entry,) = table_of(mbr((0x80, 0x83, 2048, 100), disk_id=0xDEADBEEF)).entries
    assert (entry.number, entry.start_bytes, entry.size_bytes) == (1, 2048 * 512, 100 * 512)
    assert (entry.type, entry.uuid, entry.bootable) == ("0x83", "deadbeef-01", True)


def test_logical_partitions_follow_their_chain_from_number_5():
    disk = bytearray(300 * 512)
    disk[:512] = mbr((0, 0x05, 100, 200))
    disk[100 * 512 : 101 * 512] = mbr((0, 0x83, 10, 20), (0, 0x05, 50, 50))
    disk[150 * 512 : 151 * 512] = mbr((0, 0x82, 5, 30))
    table = table_of(disk)
    found = [(entry.number, entry.start_bytes // 512, entry.type) for entry in table.entries]
    assert found == [(1, 100, "0x05"), (5, 110, "0x83"), (6, 155, "0x82")]
    assert table.error == ""


def test_a_chain_that_leads_into_itself_ends():
    disk = bytearray(300 * 512)
    disk[:512] = mbr((0, 0x05, 100, 200))
    disk[100 * 512 : 101 * 512] = mbr((0, 0x83, 10, 20), (0, 0x05, 0, 50))
    assert table_of(disk).error == "the chain of logical partitions has no end"


def test_a_chain_that_leads_out_of_the_disk_or_to_nothing_says_so():
    disk = bytearray(300 * 512)
    disk[:512] = mbr((0, 0x05, 100, 200))
    assert table_of(disk).error == "the chain of logical partitions breaks off"
    disk[100 * 512 : 101 * 512] = mbr((0, 0x83, 10, 20), (0, 0x05, 9000, 50))
    assert table_of(disk).error == "the chain of logical partitions leads out of the disk"


def test_a_gpt_gives_guids_names_and_the_number_of_the_slot():
    table = table_of(gpt_disk())
    (entry,) = table.entries
    assert (table.kind, table.error) == (TableKind.GPT, "")
    assert (entry.number, entry.start_bytes, entry.size_bytes) == (2, 2048 * 512, 1953 * 512)
    assert (entry.type, entry.uuid, entry.name, entry.bootable) == (LINUX, UNIQUE, "root", True)


def test_a_damaged_first_header_is_replaced_by_the_second_and_said():
    disk = gpt_disk()
    disk[512 + 40] ^= 1
    table = table_of(disk)
    assert len(table.entries) == 1
    assert table.error == ""
    assert "its checksum does not hold" in table.problems[0]


def test_damaged_entries_are_not_believed():
    disk = gpt_disk()
    disk[1024 + 128 + 40] ^= 1
    table = table_of(disk)
    assert table.entries[0].size_bytes == 1953 * 512
    assert "entries' checksum does not hold" in table.problems[0]


def test_a_gpt_with_both_headers_gone_is_a_gpt_with_an_error():
    disk = gpt_disk()
    disk[512:1024] = bytes(512)
    disk[-512:] = bytes(512)
    table = table_of(disk)
    assert (table.kind, table.entries) == (TableKind.GPT, ())
    assert "no header of the GPT can be read" in table.error


def test_a_gpt_whose_start_was_wiped_is_read_from_the_end():
    disk = gpt_disk()
    disk[: 34 * 512] = bytes(34 * 512)
    table = table_of(disk)
    assert len(table.entries) == 1
    assert "protective MBR is lost" in table.problems[0]


def test_an_old_second_header_behind_a_file_system_is_no_table():
    disk = gpt_disk()
    disk[: 34 * 512] = bytes(34 * 512)
    disk[1080:1082] = b"\x53\xef"  # an ext superblock
    assert table_of(disk) == PartitionTable(kind=TableKind.NONE)


def test_a_gpt_without_a_protective_mbr_and_a_hybrid_one_are_said():
    disk = gpt_disk()
    disk[:512] = bytes(512)
    assert "protective MBR" in table_of(disk).problems[0]
    disk[:512] = mbr((0, 0xEE, 1, 2047), (0x80, 0x83, 2048, 100))
    assert "1 more entries" in table_of(disk).problems[0]


def test_a_chain_may_name_its_next_link_before_its_partition():
    disk = bytearray(300 * 512)
    disk[:512] = mbr((0, 0x05, 100, 200))
    disk[100 * 512 : 101 * 512] = mbr((0, 0x05, 50, 50), (0, 0x83, 10, 20))
    disk[150 * 512 : 151 * 512] = mbr((0, 0x82, 5, 30))
    assert [(entry.number, entry.start_bytes // 512) for entry in table_of(disk).entries] == [
        (1, 100),
        (5, 110),
        (6, 155),
    ]
