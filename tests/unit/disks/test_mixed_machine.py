"""Two engines under one machine."""

from collections.abc import Sequence
from dataclasses import replace

from tests.unit.facts.tree import MemoryTree

from imgkit.disks.mixed_machine import MixedMachine
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.role import DiskRole
from imgkit.model.storage import FileSystem, Journal, Member, Mount, Pool, Storage, Undetermined
from imgkit.ports import FileTree

SYSTEM, DATA = DiskRole(), DiskRole("xvdb")
POOL = Pool(place="zfs:p", name="p", uuid="7", state="ONLINE", members=("xvdb",))


class Engine:
    """A machine whose trees say which engine they are of."""

    def __init__(self, name: str, *file_systems: FileSystem, os_places: Sequence[str] = ()) -> None:
        self.name = name
        self.storage = Storage(file_systems=file_systems, undetermined=(Undetermined(what="xvdc", reason=name),))
        self.os_places = os_places

    def file_system_tree(self, place: str) -> FileTree:
        return MemoryTree({"/engine": self.name})

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple[FileTree, Sequence[Mount]]:
        return MemoryTree({"/engine": self.name}), ()


def found(place: str, **fields) -> FileSystem:
    return FileSystem(place=place, roles=(SYSTEM,), type=fields.pop("type", "ext4"), **fields)


def engine_of(tree: FileTree) -> str:
    return tree.read_file(b"/engine", limit=20).decode()


def line(place: str) -> FstabEntry:
    return FstabEntry(
        line=1, spec="x", folder=b"/data", type="ext4", options=(), dump=0, check_pass=0, kind=MountKind.DEVICE,
        state=EntryState.FOUND, place=place, reason="",
    )  # fmt: skip


def mixed() -> MixedMachine:
    native = Engine(
        "native",
        found("system:1", journal=Journal.CLEAN),
        found("xvdb", journal=Journal.PENDING),
        found("xvdd", type="btrfs", error="not read"),
        found("xvde", type="btrfs", error="not read"),
        os_places=("system:1",),
    )
    guestfs = Engine(
        "guestfs",
        found("system:1", journal=Journal.CLEAN),
        found("xvdb", journal=Journal.REPLAYED),
        found("xvdd", type="btrfs"),
        found("xvdd[@]", type="btrfs"),
        os_places=("system:1", "xvdd[@]"),
    )
    wanted = {"xvdb": "changes wait", "xvdd": "btrfs", "xvde": "btrfs"}
    return MixedMachine(native, guestfs, wanted)


def test_each_file_system_is_read_by_the_engine_that_sees_more():
    machine = mixed()
    assert engine_of(machine.file_system_tree("system:1")) == "native"
    assert engine_of(machine.file_system_tree("xvdb")) == "guestfs"
    assert engine_of(machine.file_system_tree("xvdd[@]")) == "guestfs"


def test_the_storage_says_what_is_shown():
    journals = {one.place: one.journal for one in mixed().storage.file_systems}
    assert journals["system:1"] is Journal.CLEAN
    assert journals["xvdb"] is Journal.REPLAYED


def test_the_second_disk_of_a_btrfs_is_not_named_as_unreadable():
    assert [one.place for one in mixed().storage.file_systems] == ["system:1", "xvdb", "xvdd", "xvdd[@]"]


def test_a_system_is_read_by_one_engine_alone():
    machine = mixed()
    assert engine_of(machine.system_tree("system:1", [])[0]) == "native"
    assert engine_of(machine.system_tree("system:1", [line("xvdb")])[0]) == "guestfs"


def test_systems_that_only_one_engine_finds_are_there():
    assert list(mixed().os_places) == ["system:1", "xvdd[@]"]


def test_a_question_that_both_left_open_is_named_once():
    assert [one.reason for one in mixed().storage.undetermined] == ["native"]


def test_where_libguestfs_fails_the_stale_reading_stays_and_says_so():
    native = Engine("native", found("xvdb", journal=Journal.PENDING))
    guestfs = Engine("guestfs", found("xvdb", error="could not be mounted"))
    machine = MixedMachine(native, guestfs, {"xvdb": "changes wait"})
    (one,) = machine.storage.file_systems
    assert (one.journal, one.error) == (Journal.PENDING, "")
    assert engine_of(machine.file_system_tree("xvdb")) == "native"


def test_what_libguestfs_could_not_put_together_either_has_its_words():
    native, guestfs = Engine("native", found("system:1")), Engine("guestfs", found("system:1"))
    for engine, error in ((native, "not put together"), (guestfs, "newer version")):
        member = Member(place="xvdb", roles=(DATA,), type="zfs_member", error=error)
        engine.storage = replace(engine.storage, members=(member,))
    (member,) = MixedMachine(native, guestfs, {"xvdb": "zfs_member"}).storage.members
    assert member.error == "newer version"


def test_pools_are_those_that_libguestfs_put_together():
    guestfs = Engine("guestfs", found("zfs:p/a", type="zfs"))
    guestfs.storage = replace(guestfs.storage, pools=(POOL,))
    machine = MixedMachine(Engine("native"), guestfs, {"xvdb": "zfs_member"})
    assert machine.storage.pools == (POOL,)
    assert engine_of(machine.file_system_tree("zfs:p/a")) == "guestfs"
