"""The walk through a qcow2's active L1 and L2 tables: does every cluster lie inside the file?

QEMU reads what lies beyond the end of the file as zeroes, without a word; a truncated image would lose its tail unseen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.disks.headers.image_bytes import ImageBytes

_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_MAX_ENTRIES = 128 * 1024 * 1024  # 8 TiB of data in 64 KiB clusters; a walk of about ten seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesFound:
    """`allocated_bytes` is None when there were too many tables to walk them all."""

    allocated_bytes: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableFound:
    used: int
    last_plain: int
    last_compressed: int


def walk_tables(
    source: ImageBytes, *, l1_offset: int, l1_entries: int, cluster_bits: int, extended: bool
) -> TablesFound:
    """Raise NotADiskImage when a table or a cluster begins beyond the end of the file, or a table is used twice."""
    cluster = 1 << cluster_bits
    clusters = plain = compressed = 0
    budget = _MAX_ENTRIES
    for table in _l2_tables(source, l1_offset, l1_entries, cluster):
        budget -= cluster // 8
        if budget < 0:
            return TablesFound(allocated_bytes=None, notes=("it has too many tables to look through them all",))
        found = _look_through(source, table, cluster_bits, extended=extended)
        clusters += found.used
        plain = max(plain, found.last_plain)
        compressed = max(compressed, found.last_compressed)
    for last in (plain, compressed):
        if last:
            source.require_inside(last, 1, "last cluster")
    cut = plain and not extended and source.size - plain < cluster
    # With subclusters QEMU itself ends the file inside a cluster.
    notes = ("the file ends inside its last cluster; the rest of that cluster reads as zeroes",) if cut else ()
    return TablesFound(allocated_bytes=clusters * cluster, notes=notes)


def _l2_tables(source: ImageBytes, l1_offset: int, l1_entries: int, cluster: int) -> Iterator[int]:
    seen: set[int] = set()
    for piece in source.table(l1_offset, l1_entries, width=8, order="big"):
        for entry in piece:
            table = entry & _OFFSET
            if not table:
                continue
            if table in seen or table % cluster:
                raise source.malformed(f"its L1 table names the L2 table at {table} twice or off a cluster's start")
            seen.add(table)
            yield table


def _look_through(source: ImageBytes, table: int, cluster_bits: int, *, extended: bool) -> _TableFound:
    """Tell what one L2 table holds; the descriptors of compressed clusters split their bits otherwise."""
    used = plain = compressed = 0
    compressed_mask = (1 << (62 - (cluster_bits - 8))) - 1
    for piece in source.table(table, (1 << cluster_bits) // 8, width=8, order="big"):
        for entry in filter(None, piece[::2] if extended else piece):
            if entry & _COMPRESSED:
                used += 1
                compressed = max(compressed, entry & compressed_mask)
            elif place := entry & _OFFSET:
                used += 1
                plain = max(plain, place)
    return _TableFound(used=used, last_plain=plain, last_compressed=compressed)
