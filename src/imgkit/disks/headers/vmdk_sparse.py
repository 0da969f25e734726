"""The binary part of a sparse VMDK: header, footer of streamOptimized, grain directory and grain tables."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from imgkit.disks.headers.block_map import ZERO, descriptor_of, pack, walk_pages
from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.packing import Packing, inflate
from imgkit.errors import NotADiskImage
from imgkit.units import SECTOR_BYTES, MiB

MAGIC = b"KDMV"

_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_MARKER = struct.Struct("<QII")
_GRAIN_MARKER = struct.Struct("<QI")
_AT_END = 0xFFFFFFFFFFFFFFFF
_ZEROED_GRAINS_FLAG, _COMPRESSED_FLAG, _MARKERS_FLAG = 1 << 2, 1 << 16, 1 << 17
_FOOTER_MARKER, _END_MARKER = 3, 0
_TABLE_ENTRIES = 512  # the only number that VMware's specification knows
_MAX_DIRECTORY = 4 * 1024 * 1024
_MAX_TABLES = 64 * 1024  # 2 TiB in usual grains, which is all that a file can hold; tables in holes are not counted
_TABLES_REMEMBERED = 64 * 1024  # a directory that names few tables over and over must not cost time
_MAX_PACKED_BYTES = 16 * MiB  # a grain has 64 KiB; nothing that must be inflated whole may be absurd
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
    has_markers: bool
    has_zeroed_grains: bool
    unclean: bool

    @property
    def tables(self) -> int:
        """How many grain tables the directory has."""
        return -(-self.capacity // (self.grain_sectors * self.entries_per_table))


@dataclass(frozen=True, slots=True, kw_only=True)
class VmdkLayout:
    """The grain directory, which names grain tables, which name grains."""

    fields: SparseFields

    @property
    def block_bytes(self) -> int:
        return self.fields.grain_sectors * SECTOR_BYTES

    @property
    def packed_bytes(self) -> int:
        return self.block_bytes

    @property
    def blocks_each_page(self) -> int:
        return self.fields.entries_per_table

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        place = self.fields.directory_offset * SECTOR_BYTES + number * 4
        table = source.piece(place, 1, width=4, order="little")[0]
        if not table:
            return None
        if source.is_hole(table * SECTOR_BYTES, self.blocks_each_page * 4):
            return None
        entries = source.piece(table * SECTOR_BYTES, self.blocks_each_page, width=4, order="little")
        if entries.count(0) == len(entries):
            return None
        if entries.count(1) and not self.fields.has_zeroed_grains:
            raise source.malformed("one of its grains lies inside its header")
        if self.fields.is_compressed:
            return array("q", [pack(entry) if entry > 1 else ZERO for entry in entries])
        return array("q", [entry * SECTOR_BYTES if entry > 1 else ZERO for entry in entries])

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        offset = descriptor_of(place) * SECTOR_BYTES
        length = packed_length(source, offset)
        packed = source.read(offset + _GRAIN_MARKER.size, length, "compressed grain")
        return inflate(source, Packing.ZLIB, packed, self.block_bytes)


def packed_length(source: ImageBytes, offset: int) -> int:
    """Return how many bytes a compressed grain has; its marker tells it."""
    length: int
    _, length = _GRAIN_MARKER.unpack(source.read(offset, _GRAIN_MARKER.size, "compressed grain"))
    if length > _MAX_PACKED_BYTES:
        raise source.malformed(f"a compressed grain claims {length} bytes")
    return length


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
        has_markers=footer.has_markers,
        has_zeroed_grains=footer.has_zeroed_grains,
        unclean=footer.unclean,
    )


def read_grain_tables(source: ImageBytes, layout: VmdkLayout) -> int | None:
    """Return how many grains are there, None when there are too many tables to walk them all.

    Raises NotADiskImage when a table or grain lies beyond the end of the file.
    """
    fields = layout.fields
    if fields.tables > _MAX_DIRECTORY:
        raise source.unsafe(f"it claims {fields.tables} grain tables")
    source.require_inside(fields.directory_offset * SECTOR_BYTES, fields.tables * 4, "grain directory")
    if fields.is_compressed and layout.block_bytes > _MAX_PACKED_BYTES:
        raise source.unsafe(f"it claims compressed grains of {layout.block_bytes} bytes")
    tables = list(islice(_tables_once(source, fields), _MAX_TABLES + 1))
    found = walk_pages(source, layout, tables[:_MAX_TABLES], packed_mask=0xFFFFFFFF)
    if found.highest_place != ZERO:
        source.require_stored(found.highest_place, layout.block_bytes, "last grain")
    if found.highest_packed != ZERO:
        _require_packed_stored(source, descriptor_of(found.highest_packed) * SECTOR_BYTES)
    return found.used if len(tables) <= _MAX_TABLES else None


def _require_packed_stored(source: ImageBytes, offset: int) -> None:
    try:
        source.require_inside(offset, _GRAIN_MARKER.size + packed_length(source, offset), "last grain")
    except NotADiskImage as error:
        source.lose(error)


def _tables_once(source: ImageBytes, fields: SparseFields) -> Iterator[int]:
    """Yield the numbers of the tables that say something; one that is named again and again only once."""
    seen: set[int] = set()
    first = 0
    for piece in source.table(fields.directory_offset * SECTOR_BYTES, fields.tables, width=4, order="little"):
        for number, table in enumerate(piece, first):
            if table and table not in seen and not source.is_hole(table * SECTOR_BYTES, fields.entries_per_table * 4):
                yield number
                seen.add(table)
                if len(seen) >= _TABLES_REMEMBERED:
                    seen.clear()
        first += len(piece)


def _parse(source: ImageBytes, sector: bytes) -> tuple[SparseFields, int]:
    words = _HEADER.unpack_from(sector)
    magic, version, flags, capacity, grain, at, length, entries, _, directory, _, unclean, ends, compression = words
    if magic != MAGIC or version not in {1, 2, 3}:
        raise source.malformed(f"it has no VMDK header of version 1 to 3 (found {version})")
    if ends != _LINE_ENDS:
        raise source.malformed("its line ends were changed by a transfer in text mode")
    if not capacity:
        raise source.unsafe("its header leaves the size to the descriptor, and so to other files")
    if grain & (grain - 1) or not 1 <= grain <= 0x200000 or entries != _TABLE_ENTRIES:
        raise source.malformed(f"it claims grains of {grain} sectors and tables of {entries} entries")
    if compression > 1:
        raise source.malformed(f"it claims compression {compression}, which does not exist")
    if bool(compression) != bool(flags & _COMPRESSED_FLAG):
        raise source.malformed("it says both that its grains are compressed and that they are not")
    fields = SparseFields(
        capacity=capacity,
        grain_sectors=grain,
        descriptor_offset=at,
        descriptor_sectors=length,
        entries_per_table=entries,
        directory_offset=directory,
        is_compressed=bool(flags & _COMPRESSED_FLAG),
        has_markers=bool(flags & _MARKERS_FLAG),
        has_zeroed_grains=bool(flags & _ZEROED_GRAINS_FLAG),
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
