from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.facts.tree import MemoryTree, Shut

from imgkit.errors import CannotLookInside, NeedsKey
from imgkit.model.fact import FactState
from imgkit.model.mounts import EntryState, FstabEntry
from imgkit.model.report import DiagnosticLevel, RunInfo
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Mount,
    MountState,
    Partition,
    Storage,
    TableKind,
    VolumeGroup,
)
from imgkit.ports import FileTree
from imgkit.render.report_json import report_document
from imgkit.stages.inspect import inspect_disks

SYSTEM, XVDB, XVDC = DiskRole(), DiskRole("xvdb"), DiskRole("xvdc")
RUN = RunInfo(started=datetime(2026, 11, 22, 18, 5, tzinfo=UTC), imgkit="0.1.0", engine="in memory")
ROOT_FILES = {
    "/etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n',
    "/etc/hostname": "web-1\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "/etc/fstab": "LABEL=root / ext4 defaults 0 1\n/dev/vdb1 /data ext4 defaults 0 2\n",
}


def make_storage(*, with_data: bool = True) -> Storage:
    disks = [Disk(role=SYSTEM, device="system", size_bytes=2**30, table=TableKind.GPT)]
    partitions = [Partition(role=SYSTEM, number=1, start_bytes=2**20, size_bytes=2**29)]
    found = [FileSystem(place="system:1", roles=(SYSTEM,), type="ext4", label="root")]
    if with_data:
        disks.append(Disk(role=XVDB, device="xvdb", size_bytes=2**30, table=TableKind.MBR))
        partitions.append(Partition(role=XVDB, number=1, start_bytes=2**20, size_bytes=2**29))
        found.append(FileSystem(place="xvdb:1", roles=(XVDB,), type="ext4"))
        found.append(FileSystem(place="xvdb:2", roles=(XVDB,), type="swap"))
    return Storage(disks=tuple(disks), partitions=tuple(partitions), file_systems=tuple(found))


class FakeMachine:
    """Trees in memory by place; an error instead of a tree is raised."""

    def __init__(
        self,
        storage: Storage,
        trees: Mapping[str, FileTree | Exception],
        os_places: Sequence[str] = ("system:1",),
        whole: FileTree | Exception | None = None,
    ) -> None:
        self.storage = storage
        self.os_places = os_places
        self._trees = trees
        self._whole = whole
        self.asked_to_mount: list[str] = []
        self.opened: list[str] = []

    def file_system_tree(self, place: str) -> FileTree:
        self.opened.append(place)
        return _given(self._trees[place])

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple[FileTree, Sequence[Mount]]:
        self.asked_to_mount = [entry.place for entry in entries]
        states = {EntryState.FOUND: MountState.MOUNTED, EntryState.UNRESOLVED: MountState.UNRESOLVED}
        mounts = tuple(
            Mount(spec=one.spec, folder="", type=one.type, options="", state=states[one.state], place=one.place)
            for one in entries
        )
        return _given(self._whole or self._trees[root]), mounts


def _given(tree: FileTree | Exception) -> FileTree:
    if isinstance(tree, Exception):
        raise tree
    return tree


def debian(**more: str) -> MemoryTree:
    return MemoryTree({**ROOT_FILES, **more})


def inspect(machine: FakeMachine, *, roles=(SYSTEM, XVDB), expected=(SYSTEM, XVDB)):
    return inspect_disks(machine, roles=roles, expected_roles=expected, run=RUN)


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine(make_storage(), {"system:1": debian(), "xvdb:1": MemoryTree({"/backup/db.sql": b"12345"})})


def test_a_whole_set_gives_its_system_and_its_data_disk(machine):
    report = inspect(machine)
    (system,) = report.systems
    assert system.identity.hostname.value == "web-1"
    assert system.identity.os.value is not None
    assert system.identity.os.value.name == "Debian GNU/Linux"
    (data,) = report.data_disks
    assert (data.role, [one.place for one in data.file_systems]) == (XVDB, ["xvdb:1"])
    assert data.file_systems[0].contents.value is not None
    assert data.file_systems[0].contents.value.bytes_in_files == 5
    assert report.complete


def test_the_engine_is_asked_to_mount_what_fstab_means(machine):
    report = inspect(machine)
    assert machine.asked_to_mount == ["system:1", "xvdb:1"]
    assert [mount.state for mount in report.systems[0].mounts.mounted] == [MountState.MOUNTED, MountState.MOUNTED]


def test_facts_come_from_all_file_systems_of_the_system_together():
    whole = debian(**{"/var/lib/dpkg/status": "Package: x\nStatus: install ok installed\nVersion: 1\n"})
    machine = FakeMachine(make_storage(), {"system:1": debian(), "xvdb:1": MemoryTree({})}, whole=whole)
    packages = inspect(machine).systems[0].packages.dpkg.value
    assert packages is not None
    assert packages[0].name == "x"


def test_a_disk_that_is_not_in_the_set_is_said_and_leaves_the_report_incomplete():
    machine = FakeMachine(make_storage(with_data=False), {"system:1": debian()})
    report = inspect(machine, roles=[SYSTEM])
    assert report.missing_disks == (XVDB,)
    assert not report.complete
    told = {one.subject: one.message for one in report.diagnostics}
    assert told["disks/xvdb"] == "disk xvdb of this machine is not in this set"
    assert told["systems/system:1/mounts/fstab"] == "line 2, /dev/vdb1: disk xvdb is not in this set"


def test_where_nobody_knows_the_disks_of_the_machine_fstab_still_tells_of_one_that_lacks():
    machine = FakeMachine(make_storage(with_data=False), {"system:1": debian()})
    assert not inspect(machine, roles=[SYSTEM], expected=()).complete


def test_a_stale_line_of_fstab_is_a_note_when_all_disks_are_here():
    machine = FakeMachine(make_storage(with_data=False), {"system:1": debian()})
    report = inspect(machine, roles=[SYSTEM], expected=[SYSTEM])
    assert report.complete
    assert [one.level for one in report.diagnostics] == [DiagnosticLevel.NOTE]


def test_one_collector_that_cannot_look_leaves_the_others():
    tree = MemoryTree({**ROOT_FILES, "/etc/hostname": Shut("bad sector")})
    report = inspect(FakeMachine(make_storage(), {"system:1": tree, "xvdb:1": MemoryTree({})}))
    system = report.systems[0]
    assert system.identity.hostname.state is FactState.UNDETERMINED
    assert "bad sector" in system.identity.hostname.reason
    assert system.identity.os.state is FactState.PRESENT
    assert [one.subject for one in report.diagnostics] == ["systems/system:1/identity/hostname"]
    assert not report.complete


def test_a_root_that_cannot_be_opened_gives_a_system_of_which_nothing_is_known():
    machine = FakeMachine(
        make_storage(), {"system:1": NeedsKey("it is encrypted"), "xvdb:1": MemoryTree({})}, whole=NeedsKey("no key")
    )
    system = inspect(machine).systems[0]
    assert {system.identity.os.state, system.accounts.users.state, system.packages.rpm.state} == {
        FactState.UNDETERMINED
    }
    assert "it is encrypted" in system.identity.os.reason


def test_when_the_file_systems_cannot_be_put_together_the_root_is_read_alone():
    machine = FakeMachine(
        make_storage(), {"system:1": debian(), "xvdb:1": MemoryTree({})}, whole=CannotLookInside("mount failed")
    )
    report = inspect(machine)
    assert report.systems[0].identity.hostname.value == "web-1"
    assert ("systems/system:1/mounts", "mount failed") in [(one.subject, one.message) for one in report.diagnostics]


def test_a_data_disk_that_cannot_be_read_is_not_an_empty_one():
    machine = FakeMachine(make_storage(), {"system:1": debian(), "xvdb:1": CannotLookInside("bad superblock")})
    report = inspect(machine)
    contents = report.data_disks[0].file_systems[0].contents
    assert (contents.state, contents.value) == (FactState.UNDETERMINED, None)
    assert "bad superblock" in contents.reason
    assert not report.complete


def test_disks_without_any_system_are_a_report_too():
    storage = replace(make_storage(), file_systems=make_storage().file_systems[1:2])
    machine = FakeMachine(storage, {"xvdb:1": MemoryTree({"/a": b"x"})}, os_places=())
    report = inspect(machine)
    assert report.systems == ()
    assert [disk.role for disk in report.data_disks] == [SYSTEM, XVDB]
    assert report.data_disks[0].file_systems == ()


def test_encrypted_volumes_and_torn_volume_groups_leave_the_report_incomplete(machine):
    machine.storage = replace(
        machine.storage,
        encrypted=(EncryptedVolume(place="xvdb:3", roles=(XVDB,), type="luks2"),),
        volume_groups=(VolumeGroup(name="vg", uuid="u", size_bytes=1, free_bytes=0, missing_volumes=1),),
    )
    told = [(one.subject, one.level) for one in inspect(machine).diagnostics]
    assert ("storage/xvdb:3", DiagnosticLevel.UNDETERMINED) in told
    assert ("storage/vg", DiagnosticLevel.UNDETERMINED) in told


def test_a_file_system_that_could_not_be_mounted_leaves_the_report_incomplete():
    class Failing(FakeMachine):
        def system_tree(self, root, entries):
            tree, mounts = super().system_tree(root, entries)
            return tree, [replace(mount, state=MountState.FAILED, reason="bad superblock") for mount in mounts[1:]]

    report = inspect(Failing(make_storage(), {"system:1": debian(), "xvdb:1": MemoryTree({})}))
    assert [(one.subject, one.message) for one in report.diagnostics] == [
        ("systems/system:1/mounts", "/dev/vdb1 could not be opened: bad superblock")
    ]
    assert not report.complete


def test_a_volume_over_the_system_disk_and_a_data_disk_is_described_with_the_data_disk(machine):
    both = FileSystem(place="/dev/vg/both", roles=(SYSTEM, XVDB), type="ext4")
    storage = replace(machine.storage, file_systems=(*machine.storage.file_systems, both))
    trees = {"system:1": debian(), "xvdb:1": MemoryTree({}), "/dev/vg/both": MemoryTree({"/x": b""})}
    (data,) = inspect(FakeMachine(storage, trees)).data_disks
    assert [one.place for one in data.file_systems] == ["/dev/vg/both", "xvdb:1"]


def test_the_systems_own_file_system_is_not_walked_as_data(machine):
    inspect(machine)
    assert machine.opened == ["system:1", "xvdb:1"]


def test_two_looks_differ_in_the_run_alone(machine):
    first = report_document(inspect(machine))
    later = replace(RUN, started=datetime(2027, 1, 1, tzinfo=UTC), engine="another")
    second = report_document(inspect_disks(machine, roles=[XVDB, SYSTEM], expected_roles=[XVDB, SYSTEM], run=later))
    assert first.pop("run") != second.pop("run")
    assert first == second


def test_secrets_are_masked_unless_the_run_includes_them():
    cron = {"/etc/crontab": "DB_PASSWORD=hunter2\n"}
    machine = FakeMachine(make_storage(with_data=False), {"system:1": debian(**cron)})
    assert "hunter2" not in str(report_document(inspect(machine, roles=[SYSTEM], expected=[SYSTEM])))
    included = replace(RUN, include_secrets=True)
    report = inspect_disks(machine, roles=[SYSTEM], expected_roles=[SYSTEM], run=included)
    assert "hunter2" in str(report_document(report))


def test_what_stands_out_is_told_and_leaves_the_report_complete():
    cron = {"/etc/crontab": "* * * * * root /tmp/x\n"}
    machine = FakeMachine(make_storage(with_data=False), {"system:1": debian(**cron)})
    report = inspect(machine, roles=[SYSTEM], expected=[SYSTEM])
    remarks = [one for one in report.diagnostics if one.level is DiagnosticLevel.REMARK]
    assert [one.subject for one in remarks] == ["systems/system:1/persistence/cron"]
    assert report.complete
