"""Partitions as their table has them, and what in it contradicts itself or the disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, Gap, Partition, TableKind
from imgkit.units import MiB

EXTENDED = frozenset({0x05, 0x0F, 0x85})
EXTENDED_TYPES = frozenset(f"0x{one:02x}" for one in EXTENDED)
SMALLEST_GAP = 1 * MiB
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One partition as the table has it; `type` and `uuid` are written as in `model.storage.Partition`.

    `error` says what keeps it from being one.
    """

    number: int
    start_bytes: int
    size_bytes: int
    type: str
    uuid: str = ""
    name: str = ""
    bootable: bool = False
    error: str = ""

    @property
    def end_bytes(self) -> int:
        return self.start_bytes + self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionTable:
    """`error` says what could not be read of the table; `problems` are contradictions in what could."""

    kind: TableKind
    entries: tuple[TableEntry, ...] = ()
    error: str = ""
    problems: tuple[str, ...] = ()


def as_nouns(
    table: PartitionTable,
    role: DiskRole,
    *,
    size_bytes: int,
    refused: Callable[[TableEntry], str] = lambda _: "",
) -> tuple[Disk, list[Partition]]:
    """Return the disk and its partitions as a report has them.

    `refused` says why an engine does not take an entry in which the table itself is not at fault.
    """
    partitions = [
        Partition(
            role=role,
            number=entry.number,
            start_bytes=entry.start_bytes,
            size_bytes=entry.size_bytes,
            type=entry.type,
            uuid=entry.uuid,
            name=entry.name,
            bootable=entry.bootable,
            error=entry.error or refused(entry),
        )
        for entry in table.entries
    ]
    disk = Disk(
        role=role,
        device=role.name,
        size_bytes=size_bytes,
        table=table.kind,
        error=table.error,
        problems=table.problems,
        gaps=gaps(table, size_bytes),
    )
    return disk, partitions


def checked(table: PartitionTable, disk_bytes: int) -> PartitionTable:
    """Return the table with what is wrong in it said."""
    entries = tuple(_judged(entry, disk_bytes) for entry in table.entries)
    return replace(table, entries=entries, problems=(*table.problems, *_overlaps(entries)))


def gaps(table: PartitionTable, disk_bytes: int) -> tuple[Gap, ...]:
    """Return the stretches of 1 MiB and more that no partition takes; the first MiB is the table's own.

    Logical partitions lie inside the extended one, which is no taken place by itself.
    """
    taken = sorted((one.start_bytes, one.end_bytes) for one in table.entries if one.type not in EXTENDED_TYPES)
    found: list[Gap] = []
    place = min(SMALLEST_GAP, disk_bytes)
    for start, end in (*taken, (disk_bytes, disk_bytes)):
        size = min(start, disk_bytes) - place
        if size >= SMALLEST_GAP and table.entries:
            found.append(Gap(start_bytes=place, size_bytes=size))
        place = max(place, end)
    return tuple(found)


def _judged(entry: TableEntry, disk_bytes: int) -> TableEntry:
    if not entry.size_bytes:
        return replace(entry, error="it ends before it begins")
    if entry.start_bytes >= disk_bytes:
        return replace(entry, error=f"it begins at byte {entry.start_bytes}, beyond the end of the disk")
    if entry.end_bytes > disk_bytes:
        return replace(entry, error=f"it ends at byte {entry.end_bytes}, beyond the end of the disk")
    return entry


def _overlaps(entries: Sequence[TableEntry]) -> Iterator[str]:
    """Of entries that overlap each is named with the one before it."""
    apart = sorted(
        (one for one in entries if one.type not in EXTENDED_TYPES and one.size_bytes),
        key=lambda one: (one.start_bytes, one.number),
    )
    told, reach = 0, None
    for one in apart:
        if reach is not None and one.start_bytes < reach.end_bytes and told < _MOST_PROBLEMS:
            told += 1
            yield f"partitions {reach.number} and {one.number} overlap"
        if reach is None or one.end_bytes > reach.end_bytes:
            reach = one
