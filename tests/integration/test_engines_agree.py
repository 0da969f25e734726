"""Both engines on the same disks. The truth is a Linux kernel's reading inside libguestfs' appliance, not ours.

Two launches for everything: one in which a kernel makes the disks, and one in which it reads them.
"""

import base64
import os
import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.laid_side_by_side import (
    Disks,
    Rows,
    data_of,
    file_system,
    last_logins,
    one_by_one,
    placeless,
    refuse_sweeps,
    system_of,
)
from tests.integration.native_disks import open_log_of_ntfs
from tests.integration.whole_trees import Row, rows_by_native, walk

from imgkit.disks.engine_choice import reasons_for_guestfs
from imgkit.disks.guestfs_encrypted import WRONG_KEY
from imgkit.disks.machine_native import NativeMachine, open_native_machine
from imgkit.disks.mixed_machine import MixedMachine
from imgkit.disks.tree_guestfs import GuestfsMachine, open_guestfs_machine
from imgkit.disks.volume_keys import read_volume_keys
from imgkit.errors import NeedsKey
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.report import RunInfo
from imgkit.model.role import DiskRole
from imgkit.model.storage import EncryptedState, Journal
from imgkit.model.tree import Entry, EntryKind
from imgkit.render.report_differences import disagreements
from imgkit.samples.appliance_work import do_all
from imgkit.samples.awkward_tree import HOSTILE_NAMES, LARGE_GID, LARGE_UID, MANY_LINKS, MANY_NAMES
from imgkit.samples.dirty_disks import DIRTY, NEW_FILES, dirty_works
from imgkit.samples.file_system_kinds import KINDS
from imgkit.samples.kind_disks import kind_works
from imgkit.samples.locked_disk import LOCKED_NAMES, locked_work
from imgkit.samples.rpm_disk import make_rpm_disk
from imgkit.samples.rpm_packages import PACKAGES, RpmBackend
from imgkit.samples.sparse_disks import SPARSE, sparse_works, uids_on
from imgkit.samples.volume_disks import PASSPHRASE, RAW_KEY, volume_works
from imgkit.stages.inspect import inspect_disks
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive

pytestmark = pytest.mark.tools(
    "guestfs",
    "qemu-img",
    "mke2fs",
    "mkfs.xfs",
    "mkfs.vfat",
    "mkfs.exfat",
    "mkntfs",
    "sfdisk",
    "rpm",
    "rpmbuild",
    "db_load",
)

UNIX = [kind.name for kind in KINDS if not kind.plain]
PLAIN = [kind.name for kind in KINDS if kind.plain]
RPM = {f"rpm-{backend}": backend for backend in RpmBackend}
OPEN_LOG = "ntfs-in-use"
VOLUMES = ("/dev/vg_two/lv_span", "/dev/vg_two/lv_striped", "/dev/vg_xfs/lv-root")
LAYERED = {
    "/dev/vg_thin/lv_thin": "thin",
    "/dev/vg_inside/lv_root": "inside",
    "/dev/vg_around/lv_secret": "around",
    "luks-disk": "luks-disk",
    "luks1-raw": "luks1-raw",
    "raid1": "raid1",
    "raid5": "raid5",
    "btrfs-on-two-1": "btrfs2",
}
RUN = RunInfo(started=datetime(2026, 11, 22, 18, 5, tzinfo=UTC), imgkit="0.1.0", engine="native")


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory, appliance_settings: ApplianceSettings) -> Disks:
    folder = tmp_path_factory.mktemp("all-kinds")
    works = [*kind_works(folder), *volume_works(folder), *sparse_works(folder, KINDS)]
    works.append(locked_work(folder / "locked.raw"))
    works.extend(dirty_works(folder, KINDS))  # the last: the power goes before the guest writes back what stays open
    do_all(works, crash=[work.name for work in works if "dirty" in work.name], settings=appliance_settings)
    open_log_of_ntfs(folder / "ntfs.raw", folder / f"{OPEN_LOG}.raw")
    for backend in RpmBackend:
        make_rpm_disk(folder / f"rpm-{backend}.raw", backend=backend)
    names = [*(path.stem for work in works for path in work.disks), OPEN_LOG, *RPM]
    letters = [first + second for first in ("", *string.ascii_lowercase) for second in string.ascii_lowercase][1:]
    return Disks(folder=folder, roles={name: DiskRole(f"xvd{at}") for name, at in zip(names, letters, strict=False)})


@pytest.fixture(scope="module")
def before(disks: Disks) -> Mapping[str, os.stat_result]:
    return {name: disks.path(name).stat() for name in disks.roles}


@pytest.fixture(scope="module")
def guestfs(
    disks: Disks, before: Mapping[str, os.stat_result], appliance_settings: ApplianceSettings
) -> Iterator[GuestfsMachine]:
    drives = [(role, Drive(path=disks.path(name))) for name, role in disks.roles.items()]
    keys = read_volume_keys([str(disks.folder / "passphrase"), str(disks.folder / "raw-key")])
    with open_guestfs_machine(drives, settings=appliance_settings, keys=keys) as machine:
        yield machine


@pytest.fixture(scope="module")
def native(disks: Disks, before: Mapping[str, os.stat_result]) -> Iterator[NativeMachine]:
    images = [DiskImage(path=disks.path(name), format=DiskFormat.RAW, role=role) for name, role in disks.roles.items()]
    with open_native_machine(images) as machine:
        yield machine


@pytest.fixture(scope="module")
def kernel_rows(disks: Disks, guestfs: GuestfsMachine) -> "Rows":
    return Rows(guestfs)


@pytest.mark.parametrize("name", UNIX)
def test_every_file_its_numbers_attributes_and_bytes_agree(
    name: str, disks: Disks, native: NativeMachine, kernel_rows: Rows
):
    mine = rows_by_native(native.file_system_tree(disks.place(name)))
    theirs = kernel_rows.of(disks.place(name))
    assert sorted(mine) == sorted(theirs)
    differing = {path: (mine[path], theirs[path]) for path in mine if placeless(mine[path]) != placeless(theirs[path])}
    assert differing == {}


@pytest.mark.parametrize("place", VOLUMES)
def test_the_files_of_logical_volumes_agree(place: str, native: NativeMachine, kernel_rows: Rows):
    mine = {path: placeless(row) for path, row in rows_by_native(native.file_system_tree(place)).items()}
    assert mine == {path: placeless(row) for path, row in kernel_rows.of(place).items()}


@pytest.mark.parametrize("name", PLAIN)
def test_the_files_of_fat_exfat_and_ntfs_agree_in_all_that_these_keep(
    name: str, disks: Disks, native: NativeMachine, kernel_rows: Rows
):
    """Inode and link numbers of FAT are made up by whoever reads it; so are the times of a root folder that has no
    entry of its own, and FUSE does not give times of birth."""

    def kept(path: bytes, row: Row) -> Row:
        entry = replace(row.entry, inode=0, links=0, born_ns=None)
        entry = replace(entry, modified_ns=0, accessed_ns=0, changed_ns=0) if path == b"/" else entry
        return replace(placeless(row), entry=replace(entry, file_system=0))

    mine = rows_by_native(native.file_system_tree(disks.place(name)))
    theirs = kernel_rows.of(disks.place(name))
    assert {path: kept(path, row) for path, row in mine.items()} == {
        path: kept(path, row) for path, row in theirs.items()
    }


@pytest.mark.parametrize("name", ["ext4", "xfs"])
def test_the_awkward_things_are_really_there(name: str, disks: Disks, kernel_rows: Rows):
    """Else the engines would agree about nothing much."""
    rows = kernel_rows.of(disks.place(name))
    assert {path.rpartition(b"/")[2] for path in rows if path.startswith(b"/hostile/")} >= set(HOSTILE_NAMES)
    assert len([path for path in rows if path.startswith(b"/many/")]) == MANY_NAMES
    owned = rows[b"/owners/0"].entry
    assert (owned.uid, owned.gid) == (LARGE_UID, LARGE_GID)
    assert rows[b"/times/1960"].entry.modified_ns == -315_619_199_876_543_211
    assert rows[b"/times/2040"].entry.modified_ns == 2_208_988_800_123_456_789
    assert rows[b"/links/7"].entry.links == MANY_LINKS
    assert rows[b"/rights/6711"].entry.mode & 0o7777 == 0o6711
    assert rows[b"/attributes/file"].xattrs[b"user.bytes"] == b"\x00\xff\x0a\x3d\x22"
    assert len(rows[b"/attributes/file"].xattrs[b"security.capability"]) == 20
    assert rows[b"/pointers/not utf-8"].target == b"caf\xe9"
    assert rows[b"/sparse"].entry.born_ns


@pytest.mark.parametrize("name", DIRTY)
def test_what_waits_in_a_journal_is_replayed_by_one_and_said_by_the_other(
    name: str, disks: Disks, native: NativeMachine, guestfs: GuestfsMachine, kernel_rows: Rows
):
    place = disks.place(f"{name}-dirty")
    stale = rows_by_native(native.file_system_tree(place))
    replayed = kernel_rows.of(place)
    assert file_system(native, place).journal is Journal.PENDING
    assert file_system(guestfs, place).journal is Journal.REPLAYED
    assert b"/deleted" in stale
    assert b"/deleted" not in replayed
    assert {f"/new-{number}".encode() for number in range(1, NEW_FILES + 1)} <= replayed.keys()
    assert not any(path.startswith(b"/new") for path in stale)


@pytest.mark.parametrize(("place", "content"), LAYERED.items())
def test_what_only_a_kernel_puts_together_is_read(place: str, content: str, disks: Disks, guestfs: GuestfsMachine):
    tree = guestfs.file_system_tree(layered_place(place, disks, guestfs))
    assert tree.read_file(b"/which", limit=100) == content.encode() + b"\n"
    assert tree.stat(b"/folder/large").size == 3_000_007
    whole = (content.encode() + b"\n") * (3_000_007 // (len(content) + 1) + 1)
    assert tree.read_file(b"/folder/large", limit=4_000_000) == whole[:3_000_007]


def layered_place(name: str, disks: Disks, guestfs: GuestfsMachine) -> str:
    if name.startswith("raid"):
        return next(one.place for one in guestfs.storage.arrays if one.level == name)
    return disks.place(name) if name in disks.roles else name


def test_arrays_name_their_disks(disks: Disks, guestfs: GuestfsMachine):
    members = {one.level: one.members for one in guestfs.storage.arrays}
    assert set(members["raid1"]) == {disks.place(f"raid1-{number}") for number in (1, 2)}
    assert set(members["raid5"]) == {disks.place(f"raid5-{number}") for number in (1, 2, 3)}


def test_the_subvolumes_of_a_btrfs_are_systems_of_their_own(disks: Disks, guestfs: GuestfsMachine):
    place = disks.place("btrfs")
    assert {f"{place}[@]", f"{place}[@before]"} == set(guestfs.os_places) - {disks.place(name) for name in RPM}
    assert guestfs.file_system_tree(f"{place}[@home]").read_file(b"/hello", limit=10) == b"hello\n"


def test_every_encrypted_volume_was_opened_and_no_key_was_logged(guestfs: GuestfsMachine):
    assert {one.state for one in guestfs.storage.encrypted} == {EncryptedState.OPENED}
    assert len(guestfs.storage.encrypted) == 4
    said = guestfs.appliance.worker.log_tail
    assert PASSPHRASE.decode() not in said
    assert RAW_KEY.hex() not in said


def test_a_wrong_key_is_told_from_every_other_failure(disks: Disks, guestfs: GuestfsMachine):
    """The words are cryptsetup's: the appliance is asked once more, for a volume that the passphrase does not fit."""
    at = sorted(disks.roles.values()).index(disks.roles["luks1-raw"])
    device = guestfs.appliance.worker.call("list_devices")[at]
    for wrong in (PASSPHRASE, b"\0" + RAW_KEY[:-1]):
        with pytest.raises(GuestfsRefused) as caught:
            guestfs.appliance.worker.open_encrypted(device, wrong, "wrong")
        assert WRONG_KEY.search(caught.value.message)


def test_both_engines_say_the_same_of_the_storage(disks: Disks, native: NativeMachine, guestfs: GuestfsMachine):
    """All but what only one of them can know: journals that were replayed."""
    for mine in native.storage.file_systems:
        theirs = mine if mine.error else file_system(guestfs, mine.place)
        assert mine == theirs or theirs.journal is Journal.REPLAYED
    assert native.storage.disks == guestfs.storage.disks
    assert native.storage.partitions == guestfs.storage.partitions


def test_a_log_of_ntfs_that_was_not_closed_is_said_by_both(
    disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    for machine in (native, guestfs):
        assert file_system(machine, disks.place("ntfs")).journal is Journal.CLEAN
        assert file_system(machine, disks.place(OPEN_LOG)).journal is Journal.PENDING


@pytest.mark.parametrize("name", PLAIN)
def test_there_is_no_number_of_inodes_where_the_file_system_keeps_none(
    name: str, disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    for machine in (native, guestfs):
        found = file_system(machine, disks.place(name))
        assert (found.inodes, found.inodes_free, found.error) == (None, None, "")


@pytest.mark.parametrize("name", ["ext4", "xfs", *PLAIN, OPEN_LOG])
def test_both_engines_tell_the_same_of_a_data_disk(
    name: str, disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    place = disks.place(name)
    mine, theirs = (data_of(machine.file_system_tree(place)) for machine in (native, guestfs))
    assert mine.contents == theirs.contents
    assert mine.files == theirs.files


@pytest.mark.parametrize("name", ["ext4", "fat32", "ntfs"])
def test_a_tree_that_is_asked_entry_by_entry_is_the_one_that_is_taken_whole(
    name: str, disks: Disks, guestfs: GuestfsMachine, kernel_rows: Rows, monkeypatch: pytest.MonkeyPatch
):
    """As in an appliance without the programs: all but times of birth, which only `stat` gives, and the numbers that a
    driver gives out anew with each mount of a FAT."""

    def lasting(entry: Entry) -> Entry:
        return replace(entry, born_ns=None, inode=0 if name == "fat32" else entry.inode)

    swept = kernel_rows.of(disks.place(name))
    told = data_of(guestfs.file_system_tree(disks.place(name)))
    monkeypatch.setattr(GuestfsWorker, "sweep", refuse_sweeps)
    tree = guestfs.file_system_tree(disks.place(name))
    assert data_of(tree) == told
    asked = walk(tree)
    assert asked.keys() == swept.keys()
    assert [path for path, row in swept.items() if lasting(asked[path]) != lasting(row.entry)] == []
    for path, row in swept.items():
        if not path.startswith((b"/many/", b"/links/", b"/deep/")):
            assert lasting(tree.stat(path)) == lasting(row.entry)
            assert one_by_one(tree, path, row) == row


@pytest.mark.parametrize("name", SPARSE)
def test_of_a_lastlog_of_half_a_terabyte_every_record_is_read_by_both(
    name: str, disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    place = disks.place(f"{name}-sparse")
    mine, theirs = (last_logins(machine.file_system_tree(place)) for machine in (native, guestfs))
    assert mine == theirs
    assert [one.uid for one in mine.value or ()] == list(uids_on(name))
    assert (mine.partial, mine.notes) == (False, ())


def test_of_an_encrypted_folder_all_is_told_but_names_and_content(
    disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    """The kernel writes a covered name as base64url of eight bytes of its own, the ciphertext's first 149 bytes, and
    where there are more a digest of the rest (fs/crypto/fname.c); the native engine writes the ciphertext whole."""
    place = disks.place("locked")
    mine, theirs = (machine.file_system_tree(place) for machine in (native, guestfs))
    covered = {entry.inode: (path, entry) for path, entry in walk(mine).items() if path.startswith(b"/locked/")}
    assert len(covered) == len(LOCKED_NAMES) + 3
    for path, entry in walk(theirs).items():
        if not path.startswith(b"/locked/"):
            continue
        my_path, my_entry = covered.pop(entry.inode)
        assert uncovered(my_entry.name)[:149] == uncovered(entry.name)[8:][:149]
        placeless_entries = [replace(one, name=b"", file_system=0) for one in (my_entry, entry)]
        assert placeless_entries[0] == replace(placeless_entries[1], size=my_entry.size)
        assert entry.kind is EntryKind.LINK or my_entry.size == entry.size
        if entry.kind is EntryKind.FILE:
            for tree, name in ((mine, my_path), (theirs, path)):
                with pytest.raises(NeedsKey):
                    tree.read_file(name, limit=10)
    assert covered == {}
    assert mine.read_file(b"/open", limit=10) == theirs.read_file(b"/open", limit=10) == b"open\n"


def uncovered(name: bytes) -> bytes:
    return base64.urlsafe_b64decode(name + b"=" * (-len(name) % 4))


@pytest.mark.parametrize("name", RPM)
def test_both_engines_tell_the_same_of_a_system_of_rpm(
    name: str, disks: Disks, native: NativeMachine, guestfs: GuestfsMachine
):
    """Every subject of the report, packages and the owners of programs among them."""
    place = disks.place(name)
    mine, theirs = (system_of(machine, place) for machine in (native, guestfs))
    assert mine == theirs
    assert place in native.os_places
    assert mine.packages is not None
    assert [(one.name, one.epoch) for one in mine.packages.rpm.value or ()] == [
        (one.name, one.epoch) for one in PACKAGES
    ]
    assert mine.files is not None
    assert mine.files.value is not None
    owners = {one.path: one.package for one in mine.files.value.set_id.first}
    assert owners == {b"/usr/bin/stranger": "", **{f"/usr/bin/{one.name}".encode(): one.name for one in PACKAGES}}


def test_a_mixed_machine_reads_each_where_it_is_read_best(disks: Disks, native: NativeMachine, guestfs: GuestfsMachine):
    keys = read_volume_keys([str(disks.folder / "passphrase")])
    mixed = MixedMachine(native, guestfs, reasons_for_guestfs(native.storage, keys))
    assert not any(one.error for one in mixed.storage.file_systems)
    assert disks.place("ext4") not in mixed.by_guestfs
    assert disks.place("ext4-dirty") in mixed.by_guestfs
    for place in (disks.place("ext4"), disks.place("ext4-dirty"), "/dev/vg_inside/lv_root"):
        assert mixed.file_system_tree(place).list_folder(b"/")


def test_both_engines_give_the_same_report(demo_disks: Mapping[DiskRole, Path], appliance_settings: ApplianceSettings):
    """The demo's machine: a Debian, an XFS data disk, and LVM."""
    roles = list(demo_disks)
    images = [DiskImage(path=path, format=DiskFormat.RAW, role=role) for role, path in demo_disks.items()]
    with open_native_machine(images) as machine:
        mine = inspect_disks(machine, roles=roles, expected_roles=roles, run=RUN)
    drives = [(role, Drive(path=path)) for role, path in demo_disks.items()]
    with open_guestfs_machine(drives, settings=appliance_settings) as machine:
        theirs = inspect_disks(machine, roles=roles, expected_roles=roles, run=RUN)
    assert disagreements(mine, theirs) == ()


def test_no_disk_was_touched(
    disks: Disks, native: NativeMachine, guestfs: GuestfsMachine, before: Mapping[str, os.stat_result]
):
    for name, was in before.items():
        now = disks.path(name).stat()
        assert (now.st_size, now.st_mtime_ns, now.st_ino) == (was.st_size, was.st_mtime_ns, was.st_ino)
