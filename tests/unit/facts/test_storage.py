import pytest

from imgkit.facts.storage import storage_diagnostics
from imgkit.model.report import DiagnosticLevel
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Journal,
    LogicalVolume,
    Member,
    Partition,
    Pool,
    Storage,
    TableKind,
    Undetermined,
    VolumeGroup,
)

ROLE = DiskRole("xvdb")


@pytest.mark.parametrize(
    ("storage", "subject", "words"),
    [
        (Storage(undetermined=(Undetermined(what="md", reason="no program"),)), "storage/md", "no program"),
        (
            Storage(disks=(Disk(role=ROLE, device="xvdb", size_bytes=1, table=TableKind.UNKNOWN, error="torn"),)),
            "storage/xvdb",
            "torn",
        ),
        (
            Storage(partitions=(Partition(role=ROLE, number=1, start_bytes=0, size_bytes=1, error="beyond"),)),
            "storage/xvdb:1",
            "beyond",
        ),
        (
            Storage(
                logical_volumes=(LogicalVolume(name="lv", group="vg", uuid="", size_bytes=1, error="of type thin"),)
            ),
            "storage//dev/vg/lv",
            "of type thin",
        ),
        (
            Storage(members=(Member(place="xvdb", roles=(ROLE,), type="zfs_member", error="not put together"),)),
            "storage/xvdb",
            "zfs_member, a part: not put together",
        ),
        (
            Storage(file_systems=(FileSystem(place="xvdb:1", roles=(ROLE,), type="xfs", error="bad block"),)),
            "storage/xvdb:1",
            "bad block",
        ),
        (
            Storage(encrypted=(EncryptedVolume(place="xvdb:1", roles=(ROLE,), type="luks2"),)),
            "storage/xvdb:1",
            "luks2: encrypted, and no key was given",
        ),
        (
            Storage(pools=(Pool(place="zfs:p", name="p", uuid="7", state="ONLINE", members=(), missing_disks=1),)),
            "storage/zfs:p",
            "this pool is not whole: 1 disk of it not here, or out of service",
        ),
        (
            Storage(volume_groups=(VolumeGroup(name="vg", uuid="", size_bytes=1, free_bytes=0, missing_volumes=2),)),
            "storage/vg",
            "2 physical volumes of this volume group are on none of these disks",
        ),
    ],
)
def test_what_keeps_the_report_from_being_whole_is_said(storage, subject, words):
    (found,) = storage_diagnostics(storage)
    assert (found.subject, found.level, found.message) == (subject, DiagnosticLevel.UNDETERMINED, words)


@pytest.mark.parametrize(("journal", "word"), [(Journal.REPLAYED, "with what"), (Journal.PENDING, "without what")])
def test_a_file_system_that_was_in_use_is_noted_with_its_state(journal, word):
    storage = Storage(file_systems=(FileSystem(place="xvdb:1", roles=(ROLE,), type="ext4", journal=journal),))
    (found,) = storage_diagnostics(storage)
    assert found.level is DiagnosticLevel.NOTE
    assert word in found.message


def test_sound_storage_needs_no_words():
    sound = FileSystem(place="xvdb:1", roles=(ROLE,), type="ext4", journal=Journal.CLEAN)
    assert storage_diagnostics(Storage(file_systems=(sound,))) == ()


def test_a_disk_that_was_never_used_is_worth_a_note_and_no_more():
    (note,) = storage_diagnostics(Storage(blank=("xvdb",)))
    assert (note.level, note.subject) == (DiagnosticLevel.NOTE, "storage/xvdb")


def test_a_contradiction_in_a_partition_table_is_a_note():
    disk = Disk(role=ROLE, device="xvdb", size_bytes=1, table=TableKind.GPT, problems=("partitions 1 and 2 overlap",))
    (found,) = storage_diagnostics(Storage(disks=(disk,)))
    assert (found.level, found.message) == (DiagnosticLevel.NOTE, "partitions 1 and 2 overlap")


def test_snapshots_that_nobody_looked_into_are_noted():
    pool = Pool(place="zfs:p", name="p", uuid="7", state="ONLINE", members=("xvdb",), snapshots=2)
    (found,) = storage_diagnostics(Storage(pools=(pool,)))
    assert (found.level, found.message) == (DiagnosticLevel.NOTE, "has 2 snapshots, which nobody looked into")
