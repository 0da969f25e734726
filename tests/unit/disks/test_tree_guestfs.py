from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.disks.guestfs_fake import FakeWorker

from imgkit.disks.tree_guestfs import GuestfsMachine
from imgkit.errors import CannotLookInside, NeedsKey, NoSuchPathInside
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.role import DiskRole
from imgkit.model.storage import MountState
from imgkit.model.tree import EntryKind
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import Appliance

FILES = {
    "/dev/sda": {b"/etc/hostname": b"web-01\n", b"/data/empty": b"", b"/srv/inner/x": b""},
    "/dev/sdb": {b"/dump": b"content of the dump"},
}
ANSWERS: dict[Any, Any] = {
    "list_devices": ["/dev/sda", "/dev/sdb"],
    "list_partitions": [],
    "list_md_devices": [],
    "blockdev_getsize64": 1_000_000,
    "pread_device": bytes(1024),
    "pvs_full": [],
    "vfs_type": b"ext4",
    "vfs_label": b"",
    "vfs_uuid": b"",
    "statvfs": {"frsize": 1, "blocks": 1, "bfree": 1, "files": 1, "ffree": 1},
    "dmesg": "",
}


def machine_of(worker: FakeWorker) -> GuestfsMachine:
    appliance = Appliance(
        worker=cast("GuestfsWorker", worker), interpreter=Path("/usr/bin/python3"), version="1.48.6", emulated=True
    )
    return GuestfsMachine(appliance, [DiskRole(), DiskRole("xvdb")])


@pytest.fixture
def worker() -> FakeWorker:
    return FakeWorker(answers=dict(ANSWERS), files=FILES)


@pytest.fixture
def machine(worker: FakeWorker) -> GuestfsMachine:
    return machine_of(worker)


def entry(line: int, folder: bytes, place: str, *, state: EntryState = EntryState.FOUND, **changes: Any) -> FstabEntry:
    known: dict[str, Any] = {"type": "ext4", "options": ("defaults",), "spec": f"/dev/disk-{line}", **changes}
    return FstabEntry(
        line=line, folder=folder, place=place, state=state, dump=0, check_pass=0, kind=MountKind.DEVICE, **known
    )


def test_the_storage_is_asked_for_once(machine: GuestfsMachine, worker: FakeWorker):
    assert machine.storage is machine.storage
    assert [asked for asked in worker.asked if asked[0] == "list_devices"] == [("list_devices",)]


def test_a_file_is_read_up_to_the_limit(machine: GuestfsMachine):
    assert machine.file_system_tree("xvdb").read_file(b"/dump", limit=7) == b"content"


def test_a_file_is_read_in_its_middle_and_its_holes_are_told(machine: GuestfsMachine):
    tree = machine.file_system_tree("xvdb")
    assert tree.read_at(b"/dump", 8, length=6) == b"of the"
    assert tree.read_at(b"/dump", 15, length=99) == b"dump"
    assert tree.stored(b"/dump", most=9) == [(0, 19)]
    with pytest.raises(CannotLookInside):
        tree.stored(b"/", most=9)
    with pytest.raises(NoSuchPathInside):
        tree.read_at(b"/none", 0, length=1)


def test_an_attribute_of_many_files_takes_one_question_a_folder(machine: GuestfsMachine, worker: FakeWorker):
    tree = machine.file_system_tree("system")
    names = [b"%d" % number for number in range(40)]
    assert tree.one_xattr(b"/etc/", names, b"user.name") == {name: name for name in names}
    assert tree.one_xattr(b"/", [b"x"], b"user.other") == {}
    assert [asked[:2] for asked in worker.asked if asked[0] == "xattrs_each"] == [
        ("xattrs_each", b"/etc"),
        ("xattrs_each", b"/"),
    ]


def test_a_folder_of_which_not_all_is_known_gives_nothing_at_once(machine: GuestfsMachine):
    with pytest.raises(CannotLookInside, match="not every file's attributes"):
        machine.file_system_tree("system").one_xattr(b"/etc/", [b"a", b"broken"], b"user.name")


def test_a_listing_is_sorted_and_an_entry_that_cannot_be_described_stays_in_it(machine: GuestfsMachine):
    entries = machine.file_system_tree("system").list_folder(b"/")
    assert [(one.name, one.kind) for one in entries] == [
        (b"a", EntryKind.LINK),
        (b"b", EntryKind.FILE),
        (b"broken", EntryKind.OTHER),
    ]


def test_an_entry_is_named_by_the_last_part_of_its_path(machine: GuestfsMachine):
    found = machine.file_system_tree("system").stat(b"/etc/hostname")
    assert (found.name, found.kind, found.size, found.modified_ns) == (b"hostname", EntryKind.FILE, 7, 1_500_000_000)


def test_not_there_and_not_readable_are_two_errors(machine: GuestfsMachine):
    tree = machine.file_system_tree("system")
    with pytest.raises(NoSuchPathInside):
        tree.stat(b"/nope")
    with pytest.raises(CannotLookInside) as caught:
        tree.read_file(b"/etc", limit=1)
    assert not isinstance(caught.value, NoSuchPathInside)


def test_what_the_kernel_has_no_key_for_is_told_from_what_is_damaged(machine: GuestfsMachine, worker: FakeWorker):
    worker.answers["readlink"] = GuestfsRefused("readlink: /locked: Required key not available", 126)
    with pytest.raises(NeedsKey, match="could not read the link /locked inside the disk: it is encrypted"):
        machine.file_system_tree("system").read_link(b"/locked")


def test_a_file_system_that_cannot_be_mounted_is_never_taken_for_a_missing_path(worker: FakeWorker):
    worker.unmountable = frozenset({"/dev/sdb"})
    with pytest.raises(CannotLookInside, match="could not be mounted") as caught:
        machine_of(worker).file_system_tree("xvdb").stat(b"/dump")
    assert not isinstance(caught.value, NoSuchPathInside)


def test_a_path_without_a_slash_is_a_mistake_of_the_caller(machine: GuestfsMachine):
    with pytest.raises(ValueError, match="begins with a slash"):
        machine.file_system_tree("system").stat(b"etc")


def test_a_place_that_is_not_there_is_named_with_those_that_are(machine: GuestfsMachine):
    with pytest.raises(NoSuchPathInside, match="xvdz:1") as caught:
        machine.file_system_tree("xvdz:1")
    assert caught.value.hint == "There are: system, xvdb"


def test_the_systems_tree_has_the_data_disk_where_fstab_wants_it(machine: GuestfsMachine):
    tree, mounts = machine.system_tree("system", [entry(1, b"/", "system"), entry(2, b"/data", "xvdb")])
    assert tree.read_file(b"/data/dump", limit=7) == b"content"
    assert tree.read_file(b"/etc/hostname", limit=100) == b"web-01\n"
    assert [(mount.folder, mount.state, mount.place) for mount in mounts] == [
        ("/", MountState.MOUNTED, "system"),
        ("/data", MountState.MOUNTED, "xvdb"),
    ]


def test_what_is_not_mounted_has_its_reason(machine: GuestfsMachine):
    lines = [
        entry(1, b"/tmp", "", state=EntryState.ELSEWHERE),
        entry(2, b"none", "xvdb", type="swap"),
        entry(3, b"/later", "xvdb", options=("noauto",)),
        entry(4, b"/nope", "xvdb"),
        entry(5, b"/gone", "", state=EntryState.UNRESOLVED, reason="disk xvdc is not in this set",
              missing_role=DiskRole("xvdc")),
    ]  # fmt: skip
    _, mounts = machine.system_tree("system", lines)
    assert [mount.state for mount in mounts] == [
        MountState.SKIPPED, MountState.SKIPPED, MountState.SKIPPED, MountState.FAILED, MountState.UNRESOLVED,
    ]  # fmt: skip
    assert all(mount.reason for mount in mounts)
    assert mounts[4].missing_role == DiskRole("xvdc")


def test_parents_are_mounted_before_what_lies_below_them(machine: GuestfsMachine, worker: FakeWorker):
    machine.system_tree("system", [entry(1, b"/srv/inner", "xvdb"), entry(2, b"/srv", "system")])
    at = [asked[2] for asked in worker.asked if asked[0] == "mount"]
    assert at.index(b"/srv") > 0
    assert b"/srv/inner" not in at[: at.index(b"/srv")]


def test_a_subvolume_of_fstab_goes_into_the_options_and_nothing_else_does(machine: GuestfsMachine, worker: FakeWorker):
    machine.system_tree("system", [entry(1, b"/data", "xvdb", options=("rw", "exec", "subvol=@data", "loop"))])
    mounted = next(asked for asked in worker.asked if asked[0] == "mount" and asked[2] == b"/data")
    assert mounted[3] == "ro,nodev,nosuid,noexec,subvol=@data"


def test_using_another_tree_in_between_changes_nothing(machine: GuestfsMachine):
    tree = machine.file_system_tree("xvdb")
    parts = tree.read_parts(b"/dump", limit=100)
    first = next(parts)
    machine.file_system_tree("system").stat(b"/etc/hostname")
    assert first + b"".join(parts) == b"content of the dump"
