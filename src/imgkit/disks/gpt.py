"""Reading a GPT: its header behind the MBR, the second one at the disk's end, and whether they agree.

Facts: UEFI specification 2.10, chapter 5.3.
"""

import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imgkit.disks.table_entries import PartitionTable, TableEntry
from imgkit.model.storage import TableKind

Read = Callable[[int, int], bytes]

GPT_SIGNATURE = b"EFI PART"
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_SECTOR_SIZES = (512, 4096)
_MOST_ENTRIES, _MOST_ENTRY_BYTES = 1024, 4096
_LEGACY_BOOT = 1 << 2


class _Damaged(Exception):
    """A header or its entries do not fit their checksums or limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """One of the two headers with its entries; `other_bytes` is where it says that the second one lies."""

    disk: bytes
    other_bytes: int
    entries: tuple[TableEntry, ...]


def read_gpt(read: Read, disk_bytes: int) -> PartitionTable:
    """Read the first header and compare the second; where the first is damaged, read the second."""
    reason = "there is no header behind the protective MBR"
    for sector_bytes in _SECTOR_SIZES:
        try:
            first = _half(read, sector_bytes, sector_bytes, disk_bytes)
        except _Damaged as damage:
            reason = str(damage) or reason
            continue
        problems = tuple(_disagreements(first, read, sector_bytes, disk_bytes))
        return PartitionTable(kind=TableKind.GPT, entries=first.entries, problems=problems)
    for sector_bytes in _SECTOR_SIZES:
        try:
            second = _half(read, disk_bytes - sector_bytes, sector_bytes, disk_bytes)
        except _Damaged:
            continue
        problem = f"the first header is damaged ({reason}); the second one, at the end of the disk, was read"
        return PartitionTable(kind=TableKind.GPT, entries=second.entries, problems=(problem,))
    return PartitionTable(kind=TableKind.GPT, error=f"no header of the GPT can be read: {reason}")


def _disagreements(first: _Half, read: Read, sector_bytes: int, disk_bytes: int) -> Iterator[str]:
    last = disk_bytes - sector_bytes
    if first.other_bytes != last:
        where = "beyond the end of the disk" if first.other_bytes > last else "before the end of the disk"
        yield f"the second header should lie at byte {first.other_bytes}, {where}: the disk's size was changed"
    offset = min(first.other_bytes, last)
    try:
        second = _half(read, offset, sector_bytes, disk_bytes)
    except _Damaged as damage:
        yield f"the second header is damaged ({damage})" if str(damage) else "there is no second header"
        return
    if (first.disk, first.entries) != (second.disk, second.entries):
        yield "the two headers describe different partitions; the first one was read"


def _half(read: Read, offset: int, sector_bytes: int, disk_bytes: int) -> _Half:
    header = read(offset, sector_bytes) if 0 < offset <= disk_bytes - sector_bytes else b""
    if header[:8] != GPT_SIGNATURE:
        raise _Damaged
    fields = _HEADER.unpack_from(header)
    header_bytes, checksum, other, disk = fields[2], fields[3], fields[6], fields[9]
    first, count, size, entries_checksum = fields[10:14]
    if not _HEADER.size <= header_bytes <= sector_bytes:
        raise _Damaged(f"it claims {header_bytes} bytes")
    if zlib.crc32(header[:16] + bytes(4) + header[20:header_bytes]) != checksum:
        raise _Damaged("its checksum does not hold")
    if not 128 <= size <= _MOST_ENTRY_BYTES or count > _MOST_ENTRIES:
        raise _Damaged(f"it claims {count} entries of {size} bytes")
    start = first * sector_bytes
    table = read(start, count * size) if start + count * size <= disk_bytes else b""
    if zlib.crc32(table) != entries_checksum:
        raise _Damaged("its entries' checksum does not hold")
    return _Half(disk=disk, other_bytes=other * sector_bytes, entries=tuple(_entries(table, size, sector_bytes)))


def _entries(table: bytes, size: int, sector_bytes: int) -> Iterator[TableEntry]:
    for number, at in enumerate(range(0, len(table), size), start=1):
        kind, unique, first, last, attributes = struct.unpack_from("<16s16sQQQ", table, at)
        if kind != bytes(16):
            yield TableEntry(
                number=number,
                start_bytes=first * sector_bytes,
                size_bytes=max(0, last - first + 1) * sector_bytes,
                type=_guid(kind),
                uuid=_guid(unique),
                name=table[at + 56 : at + 128].decode("utf-16-le", "backslashreplace").partition("\0")[0],
                bootable=bool(attributes & _LEGACY_BOOT),
            )


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes_le=raw)).upper()
