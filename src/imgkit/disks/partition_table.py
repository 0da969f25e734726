"""Reading MBR and GPT partition tables from any disk's bytes (UEFI specification 2.10, chapter 5)."""

import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imgkit.model.storage import TableKind
from imgkit.units import SECTOR_BYTES

Read = Callable[[int, int], bytes]

PROTECTIVE = 0xEE
EXTENDED = frozenset({0x05, 0x0F, 0x85})
_SIGNATURE = b"\x55\xaa"
_GPT_SIGNATURE = b"EFI PART"
_GPT_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_SECTOR_SIZES = (512, 4096)
_MOST_ENTRIES, _MOST_ENTRY_BYTES = 1024, 4096
_MOST_LOGICAL = 128
_LEGACY_BOOT = 1 << 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One partition as the table has it; `type` and `uuid` are written as in `model.storage.Partition`."""

    number: int
    start_bytes: int
    size_bytes: int
    type: str
    uuid: str = ""
    name: str = ""
    bootable: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionTable:
    """`error` says what could not be read of the table; `problems` are contradictions in what could."""

    kind: TableKind
    entries: tuple[TableEntry, ...] = ()
    error: str = ""
    problems: tuple[str, ...] = ()


class _Damaged(Exception):
    """A header or its entries do not fit their checksums or limits."""


def read_table(read: Read, disk_bytes: int) -> PartitionTable:
    """Read a disk's partition table through `read(offset, length)`."""
    sector = read(0, SECTOR_BYTES)
    if len(sector) < SECTOR_BYTES or sector[510:512] != _SIGNATURE:
        return PartitionTable(kind=TableKind.NONE)
    rows = list(_mbr_rows(sector))
    if any(row.type == PROTECTIVE for row in rows):
        return _read_gpt(read, disk_bytes)
    if _is_boot_sector_of_file_system(sector) or any(row.status not in {0, 0x80} for row in rows):
        return PartitionTable(kind=TableKind.NONE)
    return _read_mbr(read, sector, rows, disk_bytes)


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
        if row.type in EXTENDED:
            logical, error = _read_logical(read, row, disk_bytes)
            entries += [_mbr_entry(number, one, base, disk_id) for number, (base, one) in enumerate(logical, start=5)]
            break
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
        row, following = list(_mbr_rows(sector))[:2]
        if row.type and row.length:
            found.append((base, row))
        if not following.type or not following.length:
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


def _read_gpt(read: Read, disk_bytes: int) -> PartitionTable:
    """Read the first header; where it is damaged, the second at the disk's end."""
    reason = "there is no header behind the protective MBR"
    for sector_bytes in _SECTOR_SIZES:
        for where, offset in (("", sector_bytes), ("second", disk_bytes - sector_bytes)):
            try:
                entries = tuple(_gpt_entries(read, offset, sector_bytes, disk_bytes))
            except _Damaged as damage:
                reason = str(damage) or reason
                continue
            error = f"the first header is damaged ({reason}); the second was read" if where else ""
            return PartitionTable(kind=TableKind.GPT, entries=entries, error=error)
    return PartitionTable(kind=TableKind.GPT, error=f"no header of the GPT can be read: {reason}")


def _gpt_entries(read: Read, offset: int, sector_bytes: int, disk_bytes: int) -> Iterator[TableEntry]:
    header = read(offset, sector_bytes) if 0 < offset <= disk_bytes - sector_bytes else b""
    if header[:8] != _GPT_SIGNATURE:
        raise _Damaged
    fields = _GPT_HEADER.unpack_from(header)
    header_bytes, checksum, first, count, size, entries_checksum = (fields[at] for at in (2, 3, 10, 11, 12, 13))
    if not _GPT_HEADER.size <= header_bytes <= sector_bytes:
        raise _Damaged(f"it claims {header_bytes} bytes")
    if zlib.crc32(header[:16] + bytes(4) + header[20:header_bytes]) != checksum:
        raise _Damaged("its checksum does not hold")
    if not 128 <= size <= _MOST_ENTRY_BYTES or count > _MOST_ENTRIES:
        raise _Damaged(f"it claims {count} entries of {size} bytes")
    start = first * sector_bytes
    table = read(start, count * size) if start + count * size <= disk_bytes else b""
    if zlib.crc32(table) != entries_checksum:
        raise _Damaged("its entries' checksum does not hold")
    for number in range(1, count + 1):
        entry = _gpt_entry(number, table[(number - 1) * size : number * size], sector_bytes)
        if entry is not None:
            yield entry


def _gpt_entry(number: int, raw: bytes, sector_bytes: int) -> TableEntry | None:
    kind, unique, first, last, attributes = struct.unpack_from("<16s16sQQQ", raw)
    if kind == bytes(16):
        return None
    return TableEntry(
        number=number,
        start_bytes=first * sector_bytes,
        size_bytes=max(0, last - first + 1) * sector_bytes,
        type=_guid(kind),
        uuid=_guid(unique),
        name=raw[56:128].decode("utf-16-le", "backslashreplace").partition("\0")[0],
        bootable=bool(attributes & _LEGACY_BOOT),
    )


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes_le=raw)).upper()
