"""The binary part of a sparse VMDK: header, footer of streamOptimized, grain directory and grain tables."""

import struct
from dataclasses import dataclass
from functools import lru_cache

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.units import SECTOR_BYTES

MAGIC = b"KDMV"

_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_MARKER = struct.Struct("<QII")
_GRAIN_MARKER = struct.Struct("<QI")
_AT_END = 0xFFFFFFFFFFFFFFFF
_COMPRESSED_FLAG, _MARKERS_FLAG = 1 << 16, 1 << 17
_FOOTER_MARKER, _END_MARKER = 3, 0
_MAX_DIRECTORY = 4 * 1024 * 1024
_TABLES_REMEMBERED = 16 * 1024  # a directory that names few tables over and over must not cost time
_LINE_ENDS = b"\n \r\n"  # told apart after a transfer in text mode has spoilt the file


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseFields:
    """Sizes and places in sectors, as the header has them; the directory's place is the footer's where there is one."""

    capacity: int
    grain_sectors: int
    descriptor_offset: int
    descriptor_sectors: int
    entries_per_table: int
    directory_offset: int
    is_compressed: bool
    unclean: bool


def read_sparse_fields(source: ImageBytes) -> SparseFields:
    """Read the header and, where the directory lies at the end, the footer."""
    fields, directory = _parse(source, source.read(0, SECTOR_BYTES, "header"))
    if directory != _AT_END:
        return fields
    footer, directory = _parse(source, _footer(source))
    if directory == _AT_END or footer.capacity != fields.capacity or footer.grain_sectors != fields.grain_sectors:
        raise source.malformed("its footer does not fit its header")
    return SparseFields(
        capacity=footer.capacity,
        grain_sectors=footer.grain_sectors,
        descriptor_offset=fields.descriptor_offset,
        descriptor_sectors=fields.descriptor_sectors,
        entries_per_table=footer.entries_per_table,
        directory_offset=directory,
        is_compressed=footer.is_compressed,
        unclean=footer.unclean,
    )


def read_grain_tables(source: ImageBytes, fields: SparseFields) -> int:
    """Return how many grains are there. Raises NotADiskImage when a table or grain lies beyond the end of the file."""
    per_table = fields.grain_sectors * fields.entries_per_table
    tables = -(-fields.capacity // per_table)
    if tables > _MAX_DIRECTORY:
        raise source.unsafe(f"it claims {tables} grain tables")
    source.require_inside(fields.directory_offset * SECTOR_BYTES, tables * 4, "grain directory")
    used = highest = 0
    look = lru_cache(maxsize=_TABLES_REMEMBERED)(lambda place: _look_through(source, place, fields.entries_per_table))
    for piece in source.table(fields.directory_offset * SECTOR_BYTES, tables, width=4, order="little"):
        for place in filter(None, piece):
            grains, last = look(place)
            used += grains
            highest = max(highest, last)
    if highest:
        source.require_inside(highest * SECTOR_BYTES, _grain_bytes(source, fields, highest), "last grain")
    return used


def _grain_bytes(source: ImageBytes, fields: SparseFields, sector: int) -> int:
    """Return a grain's length in the file; a compressed one tells it before its bytes."""
    if not fields.is_compressed:
        return fields.grain_sectors * SECTOR_BYTES
    length: int
    _, length = _GRAIN_MARKER.unpack(source.read(sector * SECTOR_BYTES, _GRAIN_MARKER.size, "last grain"))
    return _GRAIN_MARKER.size + length


def _parse(source: ImageBytes, sector: bytes) -> tuple[SparseFields, int]:
    words = _HEADER.unpack_from(sector)
    magic, version, flags, capacity, grain, at, length, entries, _, directory, _, unclean, ends, compression = words
    if magic != MAGIC or version not in {1, 2, 3}:
        raise source.malformed(f"it has no VMDK header of version 1 to 3 (found {version})")
    if ends != _LINE_ENDS:
        raise source.malformed("its line ends were changed by a transfer in text mode")
    if not capacity:
        raise source.unsafe("its header leaves the size to the descriptor, and so to other files")
    if grain & (grain - 1) or not 1 <= grain <= 0x200000 or not 1 <= entries <= 512:
        raise source.malformed(f"it claims grains of {grain} sectors and tables of {entries} entries")
    if compression > 1:
        raise source.malformed(f"it claims compression {compression}, which does not exist")
    fields = SparseFields(
        capacity=capacity,
        grain_sectors=grain,
        descriptor_offset=at,
        descriptor_sectors=length,
        entries_per_table=entries,
        directory_offset=directory,
        is_compressed=bool(flags & _COMPRESSED_FLAG),
        unclean=bool(unclean),
    )
    return fields, directory


def _footer(source: ImageBytes) -> bytes:
    """Return the header's copy before the end-of-stream marker; without it the file is cut short."""
    marker, footer, end = (source.peek(source.size - back * SECTOR_BYTES, SECTOR_BYTES) for back in (3, 2, 1))
    if not (len(marker) == len(footer) == len(end) == SECTOR_BYTES):
        raise source.malformed("it ends before its footer")
    if _MARKER.unpack_from(marker) != (1, 0, _FOOTER_MARKER) or _MARKER.unpack_from(end) != (0, 0, _END_MARKER):
        raise source.malformed(
            "it ends before its footer", hint="A streamOptimized VMDK has its directory at its end: get it again."
        )
    return footer


def _look_through(source: ImageBytes, sector: int, entries: int) -> tuple[int, int]:
    offset = sector * SECTOR_BYTES
    table = source.read(offset, entries * 4, "grain table")
    if not table.strip(b"\0"):
        return 0, 0
    piece = next(iter(source.table(offset, entries, width=4, order="little")))
    places = [place for place in piece if place > 1]  # 1 stands for a grain of zeroes
    return len(places), max(places, default=0)
