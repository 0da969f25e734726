"""A qcow2's active L1 and L2 tables: where each cluster lies, and whether all of them lie inside the file.

QEMU reads what lies beyond the end of the file as zeroes, without a word; a truncated image would lose its tail unseen.
"""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from imgkit.disks.headers.block_map import PAGE_ENTRIES, ZERO, BlocksFound, descriptor_of, pack, walk_pages
from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.packing import Packing, inflate
from imgkit.units import SECTOR_BYTES

_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_READS_AS_ZERO = 1
_DESCRIPTOR = _COMPRESSED - 1
_SUBCLUSTERS = 32
_EXTENDED_PAGE_ENTRIES = 1024  # each of them is 32 places
# 4 TiB of data in 64 KiB clusters, a walk of some seconds; and as many tables as take no longer.
_MAX_ENTRIES = 64 * 1024 * 1024
_MAX_TABLES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Qcow2Layout:
    """Where the active L1 table lies, and the shape of what it points to."""

    l1_offset: int
    l1_entries: int
    cluster_bits: int
    is_extended: bool
    virtual_size: int
    packing: Packing
    has_zero_flag: bool
    """Version 3 has it; in version 2 QEMU takes the bit for damage."""

    @property
    def packed_bytes(self) -> int:
        return 1 << self.cluster_bits

    @property
    def block_bytes(self) -> int:
        """An extended entry has a bitmap of 32 subclusters, each there or not."""
        return self.packed_bytes // _SUBCLUSTERS if self.is_extended else self.packed_bytes

    @property
    def table_entries(self) -> int:
        return self.packed_bytes // (16 if self.is_extended else 8)

    @property
    def _entries_each_page(self) -> int:
        return min(self.table_entries, _EXTENDED_PAGE_ENTRIES if self.is_extended else PAGE_ENTRIES)

    @property
    def blocks_each_page(self) -> int:
        return self._entries_each_page * (_SUBCLUSTERS if self.is_extended else 1)

    @property
    def pages_each_table(self) -> int:
        return self.table_entries // self._entries_each_page

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        at_entry, in_table = divmod(number, self.pages_each_table)
        table = source.piece(self.l1_offset + at_entry * 8, 1, width=8, order="big")[0] & _OFFSET
        if not table:
            return None
        words = self._entries_each_page * (2 if self.is_extended else 1)
        place = table + in_table * words * 8
        if source.is_hole(place, words * 8):
            return None
        found = source.piece(place, words, width=8, order="big")
        if found.count(0) == words:
            return None
        places = self._subcluster_places(source, found) if self.is_extended else self._places(source, found)
        return None if places.count(ZERO) == len(places) else places

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        descriptor = descriptor_of(place)
        offset = descriptor & self.packed_mask
        sectors = (descriptor >> self._offset_bits) + 1
        length = sectors * SECTOR_BYTES - offset % SECTOR_BYTES
        found = inflate(source, self.packing, source.peek(offset, length), self.packed_bytes)
        if len(found) != self.packed_bytes:
            raise source.malformed(f"the compressed cluster at {offset} holds {len(found)} bytes")
        return found

    @property
    def _offset_bits(self) -> int:
        return 62 - (self.cluster_bits - 8)

    @property
    def packed_mask(self) -> int:
        """The bits of a compressed cluster's descriptor that are its offset; the others count sectors."""
        return (1 << self._offset_bits) - 1

    def _places(self, source: ImageBytes, entries: "array[int]") -> "array[int]":
        """Look at one large integer where nothing is odd: much faster than at many small ones."""
        width = len(entries) * entries.itemsize
        as_one = int.from_bytes(entries.tobytes(), sys.byteorder)
        if not as_one & _repeated(_COMPRESSED | (self.packed_bytes - 1), width):
            places = array("q")
            places.frombytes((as_one & _repeated(_OFFSET, width)).to_bytes(width, sys.byteorder))
            return places if 0 not in places else array("q", [each or ZERO for each in places])
        return array("q", [self._place(source, each) for each in entries])

    def _place(self, source: ImageBytes, entry: int) -> int:
        if entry & _COMPRESSED:
            return pack(entry & _DESCRIPTOR)
        if entry & _READS_AS_ZERO:
            if not self.has_zero_flag:
                raise source.malformed("one of its clusters has a mark that its version does not know")
            return ZERO
        return self._cluster(source, entry) or ZERO

    def _cluster(self, source: ImageBytes, entry: int) -> int:
        place = entry & _OFFSET
        if place % self.packed_bytes:
            raise source.malformed(f"one of its clusters lies at {place}, which is no cluster's start")
        return place

    def _subcluster_places(self, source: ImageBytes, words: "array[int]") -> "array[int]":
        places = array("q")
        for entry, bitmap in zip(words[::2], words[1::2], strict=True):
            if entry & _COMPRESSED:
                places.extend([pack(entry & _DESCRIPTOR)] * _SUBCLUSTERS)
                continue
            cluster = self._cluster(source, entry)
            allocated, zeroed = bitmap & 0xFFFFFFFF, bitmap >> 32
            if allocated & zeroed or (allocated and not cluster):
                raise source.malformed("one of its subclusters is there and not there at once")
            if not allocated:
                places.extend([ZERO] * _SUBCLUSTERS)
                continue
            size = self.block_bytes
            places.extend(cluster + n * size if allocated >> n & 1 else ZERO for n in range(_SUBCLUSTERS))
        return places


def walk_tables(source: ImageBytes, layout: Qcow2Layout) -> int | None:
    """Return how many bytes of clusters are in use, None when there are too many tables to walk them all.

    Raises NotADiskImage when a table or a cluster reaches beyond the end of the file, or a table is used twice.
    """
    budget = min(_MAX_ENTRIES // layout.table_entries, _MAX_TABLES)
    tables = _l2_tables(source, layout, budget)
    each = layout.pages_each_table
    pages = (table * each + number for table in tables for number in range(each))
    found = walk_pages(source, layout, pages, packed_mask=layout.packed_mask)
    _require_inside(source, layout, found)
    return found.used * layout.block_bytes if len(tables) < budget else None


def _l2_tables(source: ImageBytes, layout: Qcow2Layout, budget: int) -> list[int]:
    """Return the numbers of the L2 tables that are there, at most `budget` of them."""
    seen: set[int] = set()
    numbers: list[int] = []
    for number, table in _l1_entries(source, layout):
        if table in seen or table % layout.packed_bytes:
            raise source.malformed(f"its L1 table names the L2 table at {table} twice or off a cluster's start")
        source.require_stored(table, layout.packed_bytes, "table of blocks")
        if len(numbers) >= budget:
            break
        seen.add(table)
        numbers.append(number)
    return numbers


def _l1_entries(source: ImageBytes, layout: Qcow2Layout) -> Iterator[tuple[int, int]]:
    first = 0
    for piece in source.table(layout.l1_offset, layout.l1_entries, width=8, order="big"):
        for number, entry in enumerate(piece, first):
            if table := entry & _OFFSET:
                yield number, table
        first += len(piece)


def _require_inside(source: ImageBytes, layout: Qcow2Layout, found: BlocksFound) -> None:
    """The last cluster in the file is the one that a truncation takes first; it may end with the disk."""
    if found.highest_packed != ZERO:  # its length is told in sectors, of which the last need not be whole
        source.require_stored(descriptor_of(found.highest_packed) & layout.packed_mask, 1, "last compressed cluster")
    if found.highest_place != ZERO:
        rest = layout.virtual_size - found.highest_block * layout.block_bytes
        source.require_stored(found.highest_place, min(layout.block_bytes, max(rest, 1)), "last cluster")


@lru_cache(maxsize=8)
def _repeated(mask: int, width: int) -> int:
    """Return one integer of so many bytes in which the mask follows itself."""
    return int.from_bytes(mask.to_bytes(8, sys.byteorder) * (width // 8), sys.byteorder)
