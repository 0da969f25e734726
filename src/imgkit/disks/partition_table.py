"""Reading the partition table of any disk from its bytes: an MBR with its logical partitions, or a GPT."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from imgkit.disks.gpt import GPT_SIGNATURE, Read, read_gpt
from imgkit.disks.table_entries import EXTENDED, PartitionTable, TableEntry, checked
from imgkit.model.storage import TableKind
from imgkit.units import SECTOR_BYTES, KiB

PROTECTIVE = 0xEE
_SIGNATURE = b"\x55\xaa"
_START_BYTES = 68 * KiB  # as far as any file system's superblock lies
_MOST_LOGICAL, _FIRST_LOGICAL = 128, 5


def read_table(read: Read, disk_bytes: int) -> PartitionTable:
    """Read a disk's partition table through `read(offset, length)`."""
    return checked(_read_any(read, disk_bytes), disk_bytes)


def _read_any(read: Read, disk_bytes: int) -> PartitionTable:
    sector = read(0, SECTOR_BYTES)
    if len(sector) < SECTOR_BYTES or sector[510:512] != _SIGNATURE:
        return _unprotected(read, disk_bytes, sector)
    rows = list(_mbr_rows(sector))
    if any(row.type == PROTECTIVE for row in rows):
        table = read_gpt(read, disk_bytes)
        hybrid = sum(row.type not in {0, PROTECTIVE} for row in rows)
        words = f"the MBR before the GPT has {hybrid} more entries, which other systems may go by"
        return replace(table, problems=(*table.problems, words)) if hybrid else table
    if _is_boot_sector_of_file_system(sector) or any(row.status not in {0, 0x80} for row in rows):
        return PartitionTable(kind=TableKind.NONE)
    return _read_mbr(read, sector, rows, disk_bytes)


def _unprotected(read: Read, disk_bytes: int, sector: bytes) -> PartitionTable:
    """A disk whose start was lost may have its GPT still. The second half of an old one is often left at the end.

    Whoever makes a file system over a whole disk does not wipe that: it is believed only where the start is empty.
    """
    start = read(0, min(_START_BYTES, disk_bytes))
    if not start.startswith(GPT_SIGNATURE, SECTOR_BYTES) and start.strip(b"\0"):
        return PartitionTable(kind=TableKind.NONE)
    table = read_gpt(read, disk_bytes)
    if table.error:
        return PartitionTable(kind=TableKind.NONE)
    lost = "the protective MBR is lost" if not sector.strip(b"\0") else "there is no protective MBR"
    return replace(table, problems=(f"{lost}: a system that does not look further sees no partitions", *table.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    status: int
    type: int
    start: int
    length: int


def _mbr_rows(sector: bytes) -> Iterator[_Row]:
    for at in range(446, 510, 16):
        status, kind, start, length = struct.unpack("<B3xB3xII", sector[at : at + 16])
        yield _Row(status=status, type=kind, start=start, length=length)


def _is_boot_sector_of_file_system(sector: bytes) -> bool:
    """FAT, exFAT and NTFS end their first sector with the same signature, and have code where the entries would be."""
    return sector[3:11] in {b"NTFS    ", b"EXFAT   "} or sector[54:57] == b"FAT" or sector[82:85] == b"FAT"


def _read_mbr(read: Read, sector: bytes, rows: list[_Row], disk_bytes: int) -> PartitionTable:
    disk_id = struct.unpack_from("<I", sector, 440)[0]
    entries: list[TableEntry] = []
    error = ""
    for number, row in enumerate(rows, start=1):
        if row.type and row.length:
            entries.append(_mbr_entry(number, row, 0, disk_id))
    for row in rows:
        if row.type in EXTENDED and row.length:
            logical, broken = _read_logical(read, row, disk_bytes)
            error = error or broken
            first = max(_FIRST_LOGICAL, 1 + max(entry.number for entry in entries))
            entries += [
                _mbr_entry(number, one, base, disk_id) for number, (base, one) in enumerate(logical, start=first)
            ]
    return PartitionTable(kind=TableKind.MBR, entries=tuple(entries), error=error)


def _read_logical(read: Read, extended: _Row, disk_bytes: int) -> tuple[list[tuple[int, _Row]], str]:
    """Follow the chain of extended boot records; a hostile one may lead back into itself or out of the disk."""
    found: list[tuple[int, _Row]] = []
    base, seen = extended.start, set[int]()
    while base not in seen and len(seen) < _MOST_LOGICAL:
        seen.add(base)
        if (base + 1) * SECTOR_BYTES > disk_bytes:
            return found, "the chain of logical partitions leads out of the disk"
        sector = read(base * SECTOR_BYTES, SECTOR_BYTES)
        if sector[510:512] != _SIGNATURE:
            return found, "the chain of logical partitions breaks off"
        rows = [row for row in _mbr_rows(sector) if row.type and row.length]
        found += [(base, row) for row in rows if row.type not in EXTENDED]
        following = next((row for row in rows if row.type in EXTENDED), None)
        if following is None:
            return found, ""
        base = extended.start + following.start
    return found, "the chain of logical partitions has no end"


def _mbr_entry(number: int, row: _Row, base: int, disk_id: int) -> TableEntry:
    return TableEntry(
        number=number,
        start_bytes=(base + row.start) * SECTOR_BYTES,
        size_bytes=row.length * SECTOR_BYTES,
        type=f"0x{row.type:02x}",
        uuid=f"{disk_id:08x}-{number:02x}" if disk_id else "",
        bootable=row.status == 0x80,
    )
