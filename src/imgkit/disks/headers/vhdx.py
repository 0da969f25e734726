"""VHDX, Hyper-V's format ([MS-VHDX]: Virtual Hard Disk v2): read, never written; differencing ones are refused."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import fastcrc

from imgkit.disks.headers.block_map import ZERO, walk_pages
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB, MiB

MAGIC = b"vhdxfile"

_HEADERS, _HEADER_BYTES = (64 * KiB, 128 * KiB), 4 * KiB
_REGION_TABLES, _TABLE_BYTES = (192 * KiB, 256 * KiB), 64 * KiB
_HEADER = struct.Struct("<4sIQ16s16s16sHHIQ")
_ENTRY_COUNT_MAX = 2047
_REGION = struct.Struct("<16sQII")
_ITEM = struct.Struct("<16sIII4x")

_BAT = UUID("2DC27766-F623-4200-9D64-115E9BFD4A08").bytes_le
_METADATA = UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E").bytes_le
_FILE_PARAMETERS = UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").bytes_le
_VIRTUAL_SIZE = UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8").bytes_le
_DISK_ID = UUID("BECA12AB-B2E6-4523-93EF-C309E000C746").bytes_le
_LOGICAL_SECTOR = UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F").bytes_le
_PHYSICAL_SECTOR = UUID("CDA348C7-445D-4471-9CC9-E9885251C556").bytes_le
_PARENT = UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C").bytes_le
_KNOWN_ITEMS = {_FILE_PARAMETERS, _VIRTUAL_SIZE, _DISK_ID, _LOGICAL_SECTOR, _PHYSICAL_SECTOR, _PARENT}
_ITEM_REQUIRED = 4

_STATE, _OFFSET = 7, ~(MiB - 1)
_ZERO_STATES = {0, 1, 2, 3}  # not present, undefined, zero, unmapped
_FULLY_PRESENT = 6
_LARGEST_OFFSET = 1 << 62
_SECTORS_EACH_CHUNK = 1 << 23  # the blocks of a chunk share a bitmap, whose entry follows theirs in the table
_NO_LOG = bytes(16)
_LOG_NOTE = "its log holds changes that are not in the disk yet: it was not closed properly"


@dataclass(frozen=True, slots=True, kw_only=True)
class VhdxLayout:
    """The block allocation table. After every chunk of blocks it has an entry that says nothing of the disk."""

    table_offset: int
    blocks: int
    block_bytes: int
    blocks_each_page: int

    @property
    def packed_bytes(self) -> int:
        return self.block_bytes

    @property
    def table_bytes(self) -> int:
        return (self.blocks + (self.blocks - 1) // self.blocks_each_page) * 8

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        each = self.blocks_each_page
        count = min(each, self.blocks - number * each)
        place = self.table_offset + number * (each + 1) * 8
        if source.is_hole(place, count * 8):
            return None
        entries = source.piece(place, count, width=8, order="little")
        if entries.count(0) == count:
            return None
        return array("q", [self._place(source, entry) for entry in entries])

    def _place(self, source: ImageBytes, entry: int) -> int:
        state, offset = entry & _STATE, entry & _OFFSET
        if state in _ZERO_STATES:
            return ZERO
        if state != _FULLY_PRESENT or not MiB <= offset < _LARGEST_OFFSET:
            raise source.malformed(f"one of its blocks is in state {state} at {offset}, which no whole disk has")
        return offset

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        raise source.malformed(f"VHDX has no compressed blocks, and one was found ({place})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameters:
    block_bytes: int
    is_fixed: bool
    virtual_size: int
    logical_sector: int


def read_vhdx(source: ImageBytes) -> ImageHeader:
    """Read the newer header, the region table, the metadata and the block allocation table."""
    if source.peek(0, len(MAGIC)) != MAGIC:
        raise source.malformed("it has no VHDX file identifier")
    log = _current_log(source)
    regions = _regions(source)
    found = _parameters(source, regions[_METADATA])
    layout = _layout(source, regions[_BAT], found)
    pages = range(-(-layout.blocks // layout.blocks_each_page))
    walked = walk_pages(source, layout, pages, most=source.size // layout.block_bytes)
    if walked.highest_place != ZERO:
        source.require_stored(walked.highest_place, layout.block_bytes, "last block")
    creator = source.peek(8, 512).decode("utf-16-le", "replace").partition("\0")[0]
    return ImageHeader(
        format=DiskFormat.VHDX,
        virtual_size=found.virtual_size,
        file_size=source.size,
        subformat="fixed" if found.is_fixed else "dynamic",
        creator=shown(creator.encode("utf-8", "replace")).strip('"'),
        notes=(_LOG_NOTE,) if log != _NO_LOG else (),
        path=source.path,
        files=(source.path,),
        blocks=layout,
        allocated_bytes=walked.used * layout.block_bytes,
        dirty=log != _NO_LOG,
        unreadable=_LOG_NOTE if log != _NO_LOG else "",
    )


def _current_log(source: ImageBytes) -> bytes:
    """Return the log's id of the header that was written last, of the two that take turns."""
    found: list[tuple[int, bytes, int]] = []
    for place in _HEADERS:
        block = source.peek(place, _HEADER_BYTES)
        if len(block) == _HEADER_BYTES and block.startswith(b"head") and _checksum_fits(block):
            fields = _HEADER.unpack_from(block)
            found.append((fields[2], fields[5], fields[7]))
    if not found:
        raise source.malformed("neither of its two headers has a right checksum")
    _, log, version = max(found)
    if version != 1:
        raise source.malformed(f"it is VHDX of version {version}, and only 1 is known")
    return log


def _regions(source: ImageBytes) -> dict[bytes, tuple[int, int]]:
    """Return where the block table and the metadata lie, and their lengths."""
    for place in _REGION_TABLES:
        table = source.peek(place, _TABLE_BYTES)
        if len(table) == _TABLE_BYTES and table.startswith(b"regi") and _checksum_fits(table):
            break
    else:
        raise source.malformed("neither of its two region tables has a right checksum")
    regions = {}
    for kind, offset, length, required in _entries(source, table, _REGION, at=16, count_at=8, width=4):
        if kind in regions or (required & 1 and kind not in {_BAT, _METADATA}):
            raise source.malformed("its region table names a region twice, or one that nobody has documented")
        regions[kind] = (offset, length)
    if not {_BAT, _METADATA} <= regions.keys():
        raise source.malformed("its region table names no block table or no metadata")
    return regions


def _parameters(source: ImageBytes, region: tuple[int, int]) -> _Parameters:
    offset, length = region
    table = source.read(offset, _TABLE_BYTES, "metadata")
    if not table.startswith(b"metadata"):
        raise source.malformed("its metadata table has no signature")
    items: dict[bytes, bytes] = {}
    for kind, at, size, flags in _entries(source, table, _ITEM, at=32, count_at=10, width=2):
        if kind not in _KNOWN_ITEMS and flags & _ITEM_REQUIRED:
            raise source.malformed("it needs metadata that nobody has documented")
        if at + size > length or size > MiB:
            raise source.malformed("an item of its metadata lies outside of it")
        items[kind] = source.read(offset + at, min(size, 64), "metadata")
    block_bytes, flags = _numbers(source, items, _FILE_PARAMETERS, "<II")
    if flags & 2 or _PARENT in items:
        raise source.unsafe("it is a differencing VHDX, whose bytes lie partly in another file")
    return _Parameters(
        block_bytes=block_bytes,
        is_fixed=bool(flags & 1),
        virtual_size=_numbers(source, items, _VIRTUAL_SIZE, "<Q")[0],
        logical_sector=_numbers(source, items, _LOGICAL_SECTOR, "<I")[0],
    )


def _layout(source: ImageBytes, region: tuple[int, int], found: _Parameters) -> VhdxLayout:
    if not MiB <= found.block_bytes <= 256 * MiB or found.block_bytes & (found.block_bytes - 1):
        raise source.malformed(f"its blocks have {found.block_bytes} bytes, which no VHDX has")
    if found.logical_sector not in {512, 4096}:
        raise source.malformed(f"its sectors have {found.logical_sector} bytes, not 512 or 4096")
    source.require_sane_size(found.virtual_size)
    layout = VhdxLayout(
        table_offset=region[0],
        blocks=-(-found.virtual_size // found.block_bytes),
        block_bytes=found.block_bytes,
        blocks_each_page=_SECTORS_EACH_CHUNK * found.logical_sector // found.block_bytes,
    )
    if layout.table_bytes > region[1]:
        raise source.malformed(f"its block table of {region[1]} bytes cannot hold {found.virtual_size} bytes")
    source.require_inside(region[0], layout.table_bytes, "block table")
    return layout


def _entries(
    source: ImageBytes, table: bytes, shape: struct.Struct, *, at: int, count_at: int, width: int
) -> Iterator[tuple[bytes, int, int, int]]:
    count = int.from_bytes(table[count_at : count_at + width], "little")
    if count > _ENTRY_COUNT_MAX:
        raise source.unsafe(f"a table of it claims {count} entries")
    for number in range(count):
        yield shape.unpack_from(table, at + number * shape.size)


def _numbers(source: ImageBytes, items: dict[bytes, bytes], kind: bytes, form: str) -> tuple[int, ...]:
    if len(items.get(kind, b"")) < struct.calcsize(form):
        raise source.malformed("its metadata lacks what every VHDX has")
    return struct.unpack_from(form, items[kind])


def _checksum_fits(block: bytes) -> bool:
    """CRC-32C over the block, the four bytes of the checksum itself being zeroes."""
    return fastcrc.crc32.iscsi(block[:4] + bytes(4) + block[8:]) == int.from_bytes(block[4:8], "little")
