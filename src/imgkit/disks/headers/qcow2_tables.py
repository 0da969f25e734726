"""The walk through a qcow2's active L1 and L2 tables: does every cluster lie inside the file?

QEMU reads what lies beyond the end of the file as zeroes, without a word; a truncated image would lose its tail unseen.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.disks.headers.image_bytes import ImageBytes

_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_SUBCLUSTERS = 32
# 8 TiB of data in 64 KiB clusters, a walk of about ten seconds; and what the set of tables seen may hold.
_MAX_ENTRIES = 128 * 1024 * 1024
_MAX_TABLES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Table:
    """Where the active L1 table lies, and the shape of what it points to."""

    offset: int
    entries: int
    cluster_bits: int
    is_extended: bool
    virtual_size: int

    @property
    def cluster_bytes(self) -> int:
        return 1 << self.cluster_bits

    @property
    def words_each_entry(self) -> int:
        """An extended entry has a second word, the bitmap of its subclusters."""
        return 2 if self.is_extended else 1

    @property
    def entries_each_table(self) -> int:
        return self.cluster_bytes // 8 // self.words_each_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesFound:
    """`allocated_bytes` is None when there were too many tables to walk them all."""

    allocated_bytes: int | None
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What a walk has seen so far; the last cluster in the file is the one that a truncation takes first."""

    clusters: int = 0
    last_compressed: int = 0
    last_plain: int = 0
    last_plain_bytes: int = 0


def walk_tables(source: ImageBytes, l1: L1Table) -> TablesFound:
    """Raise NotADiskImage when a table or a cluster reaches beyond the end of the file, or a table is used twice."""
    seen = _Seen()
    budget = min(_MAX_ENTRIES // (l1.cluster_bytes // 8), _MAX_TABLES)
    for number, table in _l2_tables(source, l1):
        budget -= 1
        if budget < 0:
            return TablesFound(allocated_bytes=None, notes=("it has too many tables to look through them all",))
        _look_through(source, l1, number * l1.entries_each_table, table, seen)
    if seen.last_compressed:  # its length is told in sectors, of which the last need not be whole
        source.require_inside(seen.last_compressed, 1, "last compressed cluster")
    if seen.last_plain:
        source.require_inside(seen.last_plain, seen.last_plain_bytes, "last cluster")
    return TablesFound(allocated_bytes=seen.clusters * l1.cluster_bytes)


def _l2_tables(source: ImageBytes, l1: L1Table) -> Iterator[tuple[int, int]]:
    """Yield the number and place of each L2 table."""
    seen: set[int] = set()
    first = 0
    for piece in source.table(l1.offset, l1.entries, width=8, order="big"):
        for number, entry in enumerate(piece, first):
            table = entry & _OFFSET
            if not table:
                continue
            if table in seen or table % l1.cluster_bytes:
                raise source.malformed(f"its L1 table names the L2 table at {table} twice or off a cluster's start")
            seen.add(table)
            yield number, table
        first += len(piece)


def _look_through(source: ImageBytes, l1: L1Table, first_cluster: int, table: int, seen: _Seen) -> None:
    """Note what one L2 table holds; the descriptors of compressed clusters split their bits otherwise."""
    compressed_mask = (1 << (62 - (l1.cluster_bits - 8))) - 1
    for piece in source.table(table, l1.cluster_bytes // 8, width=8, order="big"):
        for number, entry in enumerate(piece[:: l1.words_each_entry]):
            if not entry:
                continue
            if entry & _COMPRESSED:
                seen.clusters += 1
                seen.last_compressed = max(seen.last_compressed, entry & compressed_mask)
            elif place := entry & _OFFSET:
                seen.clusters += 1
                if place > seen.last_plain:
                    seen.last_plain = place
                    seen.last_plain_bytes = _needed_bytes(l1, first_cluster + number, piece, number)
        first_cluster += len(piece) // l1.words_each_entry


def _needed_bytes(l1: L1Table, cluster: int, piece: "array[int]", number: int) -> int:
    """Return how much of a cluster must be in the file: up to the disk's end, or the last subcluster that is there."""
    needed = min(l1.cluster_bytes, max(l1.virtual_size - cluster * l1.cluster_bytes, 1))
    if not l1.is_extended:
        return needed
    allocated = piece[number * 2 + 1] & 0xFFFFFFFF
    return min(needed, allocated.bit_length() * (l1.cluster_bytes // _SUBCLUSTERS))
