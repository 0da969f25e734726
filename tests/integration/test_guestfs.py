"""Awkward disks through the real libguestfs, all in one launch: hostile, dirty, encrypted, of another format."""

import hashlib
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imgkit.disks.nbd_export import export_by_nbd
from imgkit.disks.tree_guestfs import GuestfsMachine, GuestfsTree, open_guestfs_machine
from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.role import DiskRole
from imgkit.model.storage import Journal, MountState, TableKind
from imgkit.model.tree import EntryKind
from imgkit.process import run
from imgkit.samples.file_systems import make_ext4
from imgkit.samples.partitioning import copy_into
from imgkit.samples.programs import require_maker
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive
from imgkit.units import MiB

pytestmark = pytest.mark.tools("guestfs", "qemu-img", "qemu-nbd", "mke2fs", "sfdisk")

SYSTEM, HOSTILE, LUKS, MBR, QCOW2, MANY = (
    DiskRole(), DiskRole("xvdb"), DiskRole("xvdc"), DiskRole("xvdd"), DiskRole("xvde"), DiskRole("xvdf"),
)  # fmt: skip
SECRET = b"a file of the host that no guest may read"
NOT_UTF8 = b"caf\xe9 \x1b[2J\nnew line"
AWKWARD_PATH = b"a:b,c=d \xe9\n.raw"
MANY_FILES = 2500


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[DiskRole, Path]:
    folder = tmp_path_factory.mktemp("disks")
    return {
        SYSTEM: dirty_system(folder),
        HOSTILE: hostile(folder),
        LUKS: luks(folder),
        MBR: with_logical_partition(folder),
        QCOW2: as_qcow2(folder),
        MANY: with_many_files(folder),
    }


@pytest.fixture(scope="module")
def before(disks: Mapping[DiskRole, Path]) -> Mapping[Path, tuple[str, int]]:
    return {path: state_of(path) for path in disks.values()}


@pytest.fixture(scope="module")
def machine(
    disks: Mapping[DiskRole, Path],
    before: Mapping[Path, tuple[str, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GuestfsMachine]:
    settings = ApplianceSettings(state_folder=tmp_path_factory.mktemp("state"))
    with export_by_nbd(DiskImage(path=disks[QCOW2], format=DiskFormat.QCOW2)) as socket:
        drives = [(role, Drive(path=path)) for role, path in disks.items() if role != QCOW2]
        drives.append((QCOW2, Drive(path=socket, nbd=True)))
        with open_guestfs_machine(drives, settings=settings) as opened:
            yield opened


@pytest.fixture(scope="module")
def tree(machine: GuestfsMachine) -> GuestfsTree:
    return machine.file_system_tree("system")


def dirty_system(folder: Path) -> Path:
    """An ext4 without a partition table whose journal waits, under a name that qemu would misread."""
    content = folder / "system"
    (content / "etc").mkdir(parents=True)
    (content / "data").mkdir()
    (content / "etc/os-release").write_bytes(b"ID=debian\n")
    (content / "etc/secret").symlink_to("/etc/os-release")
    (content / "outside").symlink_to("../../../../../etc/os-release")
    (content / "loop").symlink_to("loop")
    (content / "gone").symlink_to("/nowhere")
    (content / "data-link").symlink_to("/data")
    os.mkfifo(content / "fifo")
    Path(os.fsdecode(os.fsencode(content) + b"/" + NOT_UTF8)).write_bytes(b"content of the awkward one")
    (content / "large").write_bytes(bytes(range(256)) * 10_000)
    target = Path(os.fsdecode(os.fsencode(folder) + b"/" + AWKWARD_PATH))
    made = ext4(folder, content, "system.ext4", uuid="5f0b1c3e-7a52-4a5e-9d61-000000000001")
    run([require_maker("debugfs"), "-w", "-R", "feature needs_recovery", made])
    made.rename(target)
    return target


def hostile(folder: Path) -> Path:
    """A raw disk whose first bytes are a qcow2 header that names a file of the host as its backing file."""
    secret, target = folder / "secret", folder / "hostile.raw"
    secret.write_bytes(SECRET.ljust(MiB, b"\0"))
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", target, "1M"])
    return target


def luks(folder: Path) -> Path:
    """The header of a LUKS1 volume on a whole disk, as far as anybody looks without a key."""
    target = folder / "luks.raw"
    header = struct.pack(">6sH32s32s32sII", b"LUKS\xba\xbe", 1, b"aes", b"xts-plain64", b"sha256", 4096, 64)
    uuid = b"0a1b2c3d-0000-4000-8000-00000000beef"
    target.write_bytes((header.ljust(168, b"\0") + uuid).ljust(MiB, b"\0"))
    return target


def with_logical_partition(folder: Path) -> Path:
    """An MBR with an extended partition, a file system in its second logical one, and a file system with an OS."""
    target, script, content = folder / "mbr.raw", folder / "script", folder / "logical"
    content.mkdir()
    (content / "hello").write_bytes(b"from a logical partition")
    with target.open("xb") as disk:
        disk.truncate(64 * MiB)
    script.write_text(
        "label: dos\nlabel-id: 0xdeadbeef\n"
        "start=2048, size=8192, type=83, bootable\nstart=10240, size=110000, type=5\n"
        "start=12288, size=2048, type=83\nstart=16384, size=65536, type=83\n"
    )
    with script.open("rb") as stdin:
        run([require_maker("sfdisk"), "--quiet", "--no-reread", "--no-tell-kernel", target], stdin=stdin)
    made = ext4(folder, content, "logical.ext4", uuid="5f0b1c3e-7a52-4a5e-9d61-000000000002")
    copy_into(made, target, 16384 * 512)
    return target


def as_qcow2(folder: Path) -> Path:
    content, target = folder / "qcow2-content", folder / "data.qcow2"
    content.mkdir()
    (content / "hello").write_bytes(b"from a qcow2")
    made = ext4(folder, content, "data.ext4", uuid="5f0b1c3e-7a52-4a5e-9d61-000000000003")
    run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", made, target])
    return target


def with_many_files(folder: Path) -> Path:
    content = folder / "many"
    content.mkdir()
    for number in range(MANY_FILES):
        (content / f"file {number}").touch()
    return ext4(folder, content, "many.raw", uuid="5f0b1c3e-7a52-4a5e-9d61-000000000004")


def ext4(folder: Path, content: Path, name: str, *, uuid: str) -> Path:
    target = folder / name
    make_ext4(target, content, size_bytes=32 * MiB, uuid=uuid, label=name[:16])
    return target


def state_of(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_mtime_ns


def fstab_line(line: int, folder: bytes, place: str, *, state: EntryState = EntryState.FOUND, **others) -> FstabEntry:
    return FstabEntry(
        line=line, spec=f"spec-{line}", folder=folder, type=others.get("type", "ext4"), options=("defaults",), dump=0,
        check_pass=0, kind=MountKind.DEVICE, state=state, place=place, reason=others.get("reason", ""),
    )  # fmt: skip


def test_a_raw_disk_that_looks_like_qcow2_reads_as_its_own_bytes(machine: GuestfsMachine):
    head = machine.appliance.worker.call("pread_device", "/dev/sdb", 512, 0)
    assert head[:4] == b"QFI\xfb"
    assert SECRET not in head


def test_every_disk_has_its_size_and_its_kind_of_table(machine: GuestfsMachine, disks: Mapping[DiskRole, Path]):
    found = {disk.role: disk for disk in machine.storage.disks}
    assert list(found) == list(disks)
    assert {role: disk.table for role, disk in found.items()} == {
        role: TableKind.MBR if role == MBR else TableKind.NONE for role in disks
    }
    assert found[QCOW2].size_bytes == 32 * MiB


def test_logical_partitions_are_numbered_as_linux_does(machine: GuestfsMachine):
    parts = {part.number: part for part in machine.storage.partitions}
    assert list(parts) == [1, 2, 5, 6]
    assert [part.error for part in parts.values()] == ["", "", "", ""]
    assert (parts[1].bootable, parts[1].type, parts[1].uuid) == (True, "0x83", "deadbeef-01")
    assert (parts[6].start_bytes, parts[6].size_bytes) == (16384 * 512, 65536 * 512)
    assert machine.file_system_tree("xvdd:6").read_file(b"/hello", limit=100) == b"from a logical partition"


def test_what_holds_nothing_known_is_said(machine: GuestfsMachine):
    assert {one.what for one in machine.storage.undetermined} | set(machine.storage.blank) == {
        "xvdb",
        "xvdd:1",
        "xvdd:5",
    }


def test_a_whole_disk_with_luks_is_an_encrypted_volume(machine: GuestfsMachine):
    (volume,) = machine.storage.encrypted
    assert (volume.place, volume.type, volume.roles) == ("xvdc", "luks1", (LUKS,))
    assert volume.uuid == "0a1b2c3d-0000-4000-8000-00000000beef"


def test_a_dirty_journal_is_replayed_and_said(machine: GuestfsMachine):
    journals = {one.place: one.journal for one in machine.storage.file_systems}
    assert journals["system"] is Journal.REPLAYED
    assert journals["xvdd:6"] is Journal.CLEAN


def test_only_the_system_is_taken_for_one(machine: GuestfsMachine):
    assert machine.os_places == ("system",)


def test_a_qcow2_is_read_through_nbd(machine: GuestfsMachine):
    assert machine.file_system_tree("xvde").read_file(b"/hello", limit=4) == b"from"


def test_a_name_that_is_no_utf_8_is_listed_and_read(tree: GuestfsTree):
    entries = {entry.name: entry for entry in tree.list_folder(b"/")}
    assert entries[NOT_UTF8].kind is EntryKind.FILE
    assert entries[NOT_UTF8].size == len(b"content of the awkward one")
    assert tree.stat(b"/" + NOT_UTF8) == entries[NOT_UTF8]
    assert tree.read_file(b"/" + NOT_UTF8, limit=100) == b"content of the awkward one"
    assert tree.checksum(b"/" + NOT_UTF8) == hashlib.sha256(b"content of the awkward one").hexdigest()


def test_links_are_followed_inside_the_disk_only(tree: GuestfsTree):
    assert tree.read_file(b"/etc/secret", limit=100) == b"ID=debian\n"
    assert tree.read_file(b"/outside", limit=100) == b"ID=debian\n"
    assert tree.read_link(b"/outside") == b"../../../../../etc/os-release"
    assert tree.stat(b"/outside").kind is EntryKind.LINK


def test_what_is_not_there_and_what_cannot_be_read_are_told_apart(tree: GuestfsTree):
    for path in (b"/nope", b"/etc/os-release/below", b"/gone"):
        with pytest.raises(NoSuchPathInside):
            tree.read_file(path, limit=1)
    for path in (b"/loop", b"/etc", b"/fifo"):
        with pytest.raises(CannotLookInside) as caught:
            tree.read_file(path, limit=1)
        assert not isinstance(caught.value, NoSuchPathInside)


def test_an_error_does_not_repeat_escapes_of_a_name(tree: GuestfsTree):
    with pytest.raises(NoSuchPathInside) as caught:
        tree.stat(b"/\x1b[2Jnone")
    assert "\x1b" not in caught.value.message


def test_a_large_file_comes_whole_and_in_bounded_parts(tree: GuestfsTree):
    parts = list(tree.read_parts(b"/large", limit=10 * MiB))
    assert b"".join(parts) == bytes(range(256)) * 10_000
    assert max(map(len, parts)) <= MiB
    assert len(tree.read_file(b"/large", limit=MiB + 1)) == MiB + 1


def test_a_folder_of_many_files_is_listed_whole_and_sorted(machine: GuestfsMachine):
    names = [entry.name for entry in machine.file_system_tree("xvdf").list_folder(b"/")]
    assert len(names) == MANY_FILES + 1  # and lost+found
    assert names == sorted(names)


def test_fstab_is_mounted_as_far_as_it_goes(machine: GuestfsMachine):
    entries = [
        fstab_line(4, b"/data/inner", "xvde"),
        fstab_line(1, b"/", "system"),
        fstab_line(2, b"/data-link", "xvdd:6"),
        fstab_line(3, b"/missing", "xvde"),
        fstab_line(5, b"/srv", "", state=EntryState.UNRESOLVED, reason="disk xvdz is not in this set"),
        fstab_line(6, b"/tmp", "", state=EntryState.ELSEWHERE, type="tmpfs"),
    ]
    tree, mounts = machine.system_tree("system", entries)
    assert [mount.state for mount in mounts] == [
        MountState.MOUNTED,
        MountState.MOUNTED,
        MountState.FAILED,
        MountState.FAILED,
        MountState.UNRESOLVED,
        MountState.SKIPPED,
    ]
    assert mounts[4].reason == "disk xvdz is not in this set"
    assert tree.read_file(b"/data/hello", limit=100) == b"from a logical partition"


def test_two_trees_may_be_used_in_turn(machine: GuestfsMachine, tree: GuestfsTree):
    parts = tree.read_parts(b"/large", limit=2 * MiB)
    first = next(parts)
    assert machine.file_system_tree("xvdf").stat(b"/file 1").kind is EntryKind.FILE
    assert first + next(parts) == (bytes(range(256)) * 10_000)[: 2 * MiB]


def test_no_file_system_of_that_name_is_refused(machine: GuestfsMachine):
    with pytest.raises(NoSuchPathInside, match="xvdz:1"):
        machine.file_system_tree("xvdz:1")


def test_a_worker_for_evidence_cannot_write(machine: GuestfsMachine, disks: Mapping[DiskRole, Path]):
    worker = machine.appliance.worker
    with pytest.raises(Exception, match="not allowed here"):
        worker.call("mkswap", "/dev/sda")
    with pytest.raises(Exception, match="no overlay of this worker"):
        worker.add_writable(disks[LUKS])


def test_the_disks_are_untouched(machine: GuestfsMachine, before: Mapping[Path, tuple[str, int]]):
    assert {path: state_of(path) for path in before} == before
