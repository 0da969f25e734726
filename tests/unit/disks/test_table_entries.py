"""What in a partition table contradicts itself or the disk."""

from imgkit.disks.table_entries import PartitionTable, TableEntry, as_nouns, checked, gaps
from imgkit.model.role import DiskRole
from imgkit.model.storage import Gap, TableKind
from imgkit.units import MiB


def table(*entries: tuple[int, int, int], kind: str = "0x83") -> PartitionTable:
    made = tuple(
        TableEntry(number=number, start_bytes=start * MiB, size_bytes=size * MiB, type=kind)
        for number, start, size in entries
    )
    return PartitionTable(kind=TableKind.MBR, entries=made)


def test_entries_beyond_the_disk_and_without_room_are_said() -> None:
    found = checked(table((1, 1, 5), (2, 6, 50), (3, 200, 1), (4, 9, 0)), 10 * MiB)
    errors = [entry.error for entry in found.entries]
    assert errors[0] == ""
    assert "ends at byte" in errors[1]
    assert "begins at byte" in errors[2]
    assert errors[3] == "it ends before it begins"


def test_overlaps_are_named_once_each() -> None:
    found = checked(table((1, 1, 5), (2, 3, 1), (3, 5, 4), (4, 9, 1)), 20 * MiB)
    assert found.problems == ("partitions 1 and 2 overlap", "partitions 1 and 3 overlap")


def test_logical_partitions_do_not_overlap_the_extended_one() -> None:
    extended = table((1, 1, 8), kind="0x05").entries
    found = checked(PartitionTable(kind=TableKind.MBR, entries=(*extended, *table((5, 2, 3)).entries)), 20 * MiB)
    assert found.problems == ()


def test_gaps_are_what_no_partition_takes() -> None:
    found = gaps(table((1, 1, 2), (2, 5, 1), (3, 2, 1)), 10 * MiB)
    assert found == (Gap(start_bytes=3 * MiB, size_bytes=2 * MiB), Gap(start_bytes=6 * MiB, size_bytes=4 * MiB))
    assert gaps(table(), 10 * MiB) == ()
    assert gaps(table((1, 1, 500)), 10 * MiB) == ()


def test_an_engines_own_refusal_is_told_only_where_the_table_is_not_at_fault() -> None:
    entries = tuple(
        TableEntry(number=number, start_bytes=number * MiB, size_bytes=MiB, type="0x83", error=error)
        for number, error in ((1, ""), (2, "beyond the disk"), (3, ""))
    )
    made = PartitionTable(kind=TableKind.MBR, entries=entries)
    _, partitions = as_nouns(
        made, DiskRole(), size_bytes=8 * MiB, refused=lambda entry: "no" if entry.number > 1 else ""
    )
    assert [one.error for one in partitions] == ["", "beyond the disk", "no"]


def test_a_disk_has_its_name_in_the_set_whatever_an_engine_calls_it() -> None:
    disk, _ = as_nouns(PartitionTable(kind=TableKind.MBR), DiskRole("xvdb"), size_bytes=8 * MiB)
    assert (disk.device, disk.place, disk.table, disk.size_bytes) == ("xvdb", "xvdb", TableKind.MBR, 8 * MiB)
