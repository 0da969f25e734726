"""VDI, VirtualBox's format: dynamic and static; differencing and undo images are refused."""

import struct
from array import array
from dataclasses import dataclass

from imgkit.disks.headers.block_map import PAGE_ENTRIES, ZERO, walk_pages
from imgkit.disks.headers.header import Geometry, ImageHeader
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, MiB

SIGNATURE = struct.pack("<I", 0xBEDA107F)
SIGNATURE_OFFSET = 0x40

_HEADER = struct.Struct("<64sIIIII256sIIIIIIIQIIII16s16s16s16s")
_SUBFORMATS = {1: "dynamic", 2: "static"}
_VERSION = 0x00010001
_BLOCK_BYTES = MiB  # the only size that VirtualBox writes and QEMU reads
_MAX_BLOCKS = 64 * 1024 * 1024
_FIRST_SPECIAL = 0xFFFFFFFE  # never written, and written with zeroes
_NO_ID = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class VdiLayout:
    """The block map: which block of the file holds each block of the disk."""

    map_offset: int
    data_offset: int
    blocks: int
    block_bytes: int = _BLOCK_BYTES
    packed_bytes: int = _BLOCK_BYTES
    blocks_each_page: int = PAGE_ENTRIES

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        first = number * PAGE_ENTRIES
        count = min(PAGE_ENTRIES, self.blocks - first)
        entries = source.piece(self.map_offset + first * 4, count, width=4, order="little")
        if min(entries) >= _FIRST_SPECIAL:
            return None
        start = self.data_offset
        return array("q", [start + each * _BLOCK_BYTES if each < _FIRST_SPECIAL else ZERO for each in entries])

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        raise source.malformed(f"VDI has no compressed blocks, and one was found ({place})")


def read_vdi(source: ImageBytes) -> ImageHeader:
    """Read the header and the block map."""
    fields = _HEADER.unpack(source.read(0, _HEADER.size, "header"))
    signature, version, _, image_type = fields[1:5]
    map_offset, data_offset, cylinders, heads, sectors, sector_bytes = fields[7:13]
    disk_size, block_bytes, _, blocks, blocks_used = fields[14:19]
    if signature != 0xBEDA107F:
        raise source.malformed("it has no VDI signature")
    if version != _VERSION:
        raise source.malformed(f"it is VDI version {version >> 16}.{version & 0xFFFF}, and only 1.1 is known")
    if image_type not in _SUBFORMATS or fields[21] != _NO_ID or fields[22] != _NO_ID:
        raise source.unsafe("it is a differencing or undo VDI, whose bytes lie partly in another file")
    if sector_bytes != SECTOR_BYTES or block_bytes != _BLOCK_BYTES:
        raise source.malformed(f"its sectors have {sector_bytes} bytes and its blocks {block_bytes}, not 512 and 1 MiB")
    if blocks > _MAX_BLOCKS:
        raise source.unsafe(f"it claims {blocks} blocks")
    source.require_sane_size(disk_size)
    _require_layout(source, map_offset, data_offset, blocks, disk_size)
    layout = VdiLayout(map_offset=map_offset, data_offset=data_offset, blocks=blocks)
    used = _require_blocks_inside(source, layout, blocks_used)
    return ImageHeader(
        format=DiskFormat.VDI,
        virtual_size=disk_size,
        file_size=source.size,
        subformat=_SUBFORMATS[image_type],
        creator=shown(fields[0].split(b"\0")[0].strip(b"<> \n")).strip('"'),
        path=source.path,
        files=(source.path,),
        blocks=layout,
        geometry=Geometry(cylinders=cylinders, heads=heads, sectors=sectors),
        allocated_bytes=used * _BLOCK_BYTES,
    )


def _require_layout(source: ImageBytes, map_offset: int, data_offset: int, blocks: int, disk_size: int) -> None:
    if map_offset % SECTOR_BYTES or data_offset % SECTOR_BYTES or map_offset < SECTOR_BYTES:
        raise source.malformed(f"its block map at {map_offset} or its data at {data_offset} is out of place")
    if blocks * _BLOCK_BYTES < disk_size:
        raise source.malformed(f"its {blocks} blocks cannot hold {disk_size} bytes")
    source.require_inside(map_offset, blocks * 4, "block map")
    if data_offset < map_offset + blocks * 4:
        raise source.malformed("its data begins inside its block map")


def _require_blocks_inside(source: ImageBytes, layout: VdiLayout, blocks_used: int) -> int:
    most = max(0, source.size - layout.data_offset) // _BLOCK_BYTES + 1
    found = walk_pages(source, layout, range(-(-layout.blocks // PAGE_ENTRIES)), most=most)
    if found.highest_place == ZERO:
        return 0
    last = (found.highest_place - layout.data_offset) // _BLOCK_BYTES
    if last >= blocks_used:
        raise source.malformed(f"its block map names block {last} of {blocks_used}")
    source.require_stored(found.highest_place, _BLOCK_BYTES, "last block")
    return found.used
