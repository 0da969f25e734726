"""VHD (Microsoft's Virtual Hard Disk Image Format Specification): fixed, dynamic, differencing.

The size is `current_size`. QEMU computes it from the geometry unless it knows the creator, and so cuts the last
sectors of many foreign images; the geometry is reported here and not believed.
"""

import struct
from array import array
from dataclasses import dataclass
from typing import Self

from imgkit.disks.headers.block_map import PAGE_ENTRIES, ZERO, walk_pages
from imgkit.disks.headers.header import Geometry, ImageHeader, Region
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, MiB

COOKIE = b"conectix"

_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427x")
_DYNAMIC = struct.Struct(">8sQQIIII16sII512s192s256x")
_FIXED, _DYNAMIC_TYPE, _DIFFERENCING = 2, 3, 4
_SUBFORMATS = {_FIXED: "fixed", _DYNAMIC_TYPE: "dynamic"}
_FREE = 0xFFFFFFFF
_MAX_BLOCKS = 16 * 1024 * 1024
_MAX_BLOCK_BYTES = 256 * MiB
_MIN_BLOCK_BYTES = 4096  # a sector of bitmap; QEMU counts no bitmap at all for less, and so reads other bytes
_CREATORS_OF_EXACT_SIZES = {b"win ", b"qem2", b"d2v ", b"tap\0", b"CTXS"}  # QEMU's own list, block/vpc.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """The 512 bytes at the end of every VHD; dynamic ones have a copy at the start."""

    header_offset: int
    creator: bytes
    current_size: int
    geometry: Geometry
    disk_type: int
    unique_id: bytes
    saved_state: bool

    @classmethod
    def parse(cls, sector: bytes) -> Self | None:
        """Return the footer, None when there is none or its checksum does not fit."""
        if len(sector) != SECTOR_BYTES or not sector.startswith(COOKIE):
            return None
        fields = _FOOTER.unpack(sector)
        if fields[14] != checksum(sector, at=64):
            return None
        return cls(
            header_offset=fields[3],
            creator=fields[5],
            current_size=fields[9],
            geometry=Geometry(cylinders=fields[10], heads=fields[11], sectors=fields[12]),
            disk_type=fields[13],
            unique_id=fields[15],
            saved_state=bool(fields[16]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VhdLayout:
    """The block allocation table of a dynamic VHD."""

    table_offset: int
    blocks: int
    block_bytes: int
    blocks_each_page: int = PAGE_ENTRIES

    @property
    def packed_bytes(self) -> int:
        return self.block_bytes

    @property
    def bitmap_bytes(self) -> int:
        """Each block is preceded by a bitmap of its sectors, padded to whole sectors.

        It says which sectors were ever written; the others lie there as zeroes. As in QEMU it is not asked.
        """
        return -(-(self.block_bytes // SECTOR_BYTES) // (8 * SECTOR_BYTES)) * SECTOR_BYTES

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        first = number * PAGE_ENTRIES
        entries = source.piece(
            self.table_offset + first * 4, min(PAGE_ENTRIES, self.blocks - first), width=4, order="big"
        )
        bitmap = self.bitmap_bytes
        return array("q", [ZERO if entry == _FREE else entry * SECTOR_BYTES + bitmap for entry in entries])

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        raise source.malformed(f"VHD has no compressed blocks, and one was found ({place})")


def checksum(block: bytes, *, at: int) -> int:
    """Return the one's complement of the sum of all bytes but the checksum's own four at `at`."""
    return ~(sum(block) - sum(block[at : at + 4])) & 0xFFFFFFFF


def has_end_footer(source: ImageBytes) -> bool:
    """Say whether the last 512 bytes are a footer whose checksum fits."""
    return _end_footer(source) is not None


def read_vhd(source: ImageBytes) -> ImageHeader:
    """Read the footer at the end, the copy at the start, and for dynamic images the header and the block table."""
    end = _end_footer(source)
    if end is not None and end.disk_type == _FIXED:
        return _read_fixed(source, end)
    first = Footer.parse(source.peek(0, SECTOR_BYTES))
    footer = first or end
    if footer is None:
        raise source.malformed("neither its end nor its start holds a VHD footer with a right checksum")
    if footer.disk_type == _DIFFERENCING:
        raise source.unsafe("it is a differencing VHD, whose bytes lie partly in another file")
    if footer.disk_type != _DYNAMIC_TYPE or first is None:
        raise source.malformed(f"it claims to be a VHD of type {footer.disk_type} without the parts of that type")
    if end is not None and end.current_size != first.current_size:
        raise source.malformed(f"its two footers disagree: {first.current_size} and {end.current_size} bytes")
    return _read_dynamic(source, first, has_end=end is not None)


def _end_footer(source: ImageBytes) -> Footer | None:
    return Footer.parse(source.peek(source.size - SECTOR_BYTES, SECTOR_BYTES))


def _read_fixed(source: ImageBytes, footer: Footer) -> ImageHeader:
    source.require_sane_size(footer.current_size)
    source.require_inside(footer.current_size, SECTOR_BYTES, "disk and footer")
    unused = source.size - SECTOR_BYTES - footer.current_size
    notes = (f"{unused} bytes between the disk's end and the footer belong to nothing",) if unused else ()
    return _describe(source, footer, notes=notes, region=Region(path=source.path), allocated=footer.current_size)


def _read_dynamic(source: ImageBytes, footer: Footer, *, has_end: bool) -> ImageHeader:
    source.require_sane_size(footer.current_size)
    header = source.read(footer.header_offset, _DYNAMIC.size, "dynamic disk header")
    cookie, _, table_offset, _, blocks, block_bytes, stated, *_ = _DYNAMIC.unpack(header)
    if cookie != b"cxsparse" or stated != checksum(header, at=36):
        raise source.malformed("its dynamic disk header is damaged")
    if blocks > _MAX_BLOCKS or block_bytes > _MAX_BLOCK_BYTES:
        raise source.unsafe(f"it claims {blocks} blocks of {block_bytes} bytes")
    if block_bytes < _MIN_BLOCK_BYTES or block_bytes & (block_bytes - 1):
        raise source.malformed(f"its blocks have {block_bytes} bytes, which is no power of two from 4096 on")
    if blocks * block_bytes < footer.current_size:
        raise source.malformed(f"its {blocks} blocks of {block_bytes} bytes cannot hold {footer.current_size} bytes")
    source.require_inside(table_offset, blocks * 4, "block allocation table")
    layout = VhdLayout(table_offset=table_offset, blocks=blocks, block_bytes=block_bytes)
    used = _require_blocks_inside(source, layout)
    notes = () if has_end else ("the footer at its end is missing; the copy at its start is used",)
    return _describe(source, footer, notes=notes, blocks=layout, allocated=used * block_bytes)


def _require_blocks_inside(source: ImageBytes, layout: VhdLayout) -> int:
    """Return how many blocks are there."""
    most = source.size // layout.block_bytes
    found = walk_pages(source, layout, range(-(-layout.blocks // PAGE_ENTRIES)), most=most)
    if found.highest_place != ZERO:
        source.require_stored(found.highest_place, layout.block_bytes, "last block")
    return found.used


def _describe(
    source: ImageBytes,
    footer: Footer,
    *,
    notes: tuple[str, ...],
    allocated: int,
    region: Region | None = None,
    blocks: VhdLayout | None = None,
) -> ImageHeader:
    return ImageHeader(
        format=DiskFormat.VHD,
        virtual_size=footer.current_size,
        file_size=source.size,
        subformat=_SUBFORMATS[footer.disk_type],
        creator=shown(footer.creator.rstrip(b"\0 ")).strip('"'),
        notes=(*notes, *_geometry_notes(footer), *_state_notes(footer)),
        path=source.path,
        files=(source.path,),
        region=region,
        blocks=blocks,
        geometry=footer.geometry,
        allocated_bytes=allocated,
    )


def _geometry_notes(footer: Footer) -> tuple[str, ...]:
    covered = footer.geometry.sector_count * SECTOR_BYTES
    if covered == footer.current_size or footer.geometry.sector_count >= 65535 * 16 * 255:
        return ()
    cut = "; tools that go by it lose the end of the disk" if covered < footer.current_size else ""
    trusted = "" if footer.creator in _CREATORS_OF_EXACT_SIZES or not cut else ", QEMU by default among them"
    return (f"its geometry covers {covered} bytes of {footer.current_size}{cut}{trusted}; imgkit reads it whole",)


def _state_notes(footer: Footer) -> tuple[str, ...]:
    return ("the machine was suspended when this was written (saved state)",) if footer.saved_state else ()
