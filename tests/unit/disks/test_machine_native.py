"""The machine as a report asks it, with a child that is no process."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.test_survey import root
from tests.unit.disks.test_fstab_lines import line

from imgkit.disks.machine_native import NativeMachine, open_native_machine
from imgkit.disks.native.client import ReadingStopped
from imgkit.disks.native.wire import What
from imgkit.disks.native.worker import Worker
from imgkit.errors import CannotLookInside, NoSuchPathInside, NotADiskImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole
from imgkit.model.storage import MountState


class FakeChild:
    """Answers as the child does, from this process; `die` makes it end at the next question of that kind."""

    def __init__(self) -> None:
        self.prepare: Callable[[FakeChild], None] = lambda child: None
        self.generation = 0
        self.worker: Worker | None = None
        self.die: set[What] = set()
        self.asked: list[What] = []
        self.may_go_ahead = True

    def ready(self) -> None:
        if self.worker is None:
            self.worker = Worker()
            self.generation += 1
            self.prepare(self)

    def ask(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> list[bytes]:
        self.ready()
        assert self.worker is not None
        self.asked.append(what)
        if what in self.die:
            self.die.discard(what)
            self.close()
            raise ReadingStopped("the process that read it was ended: it crashed", [b"system"])
        return list(self.worker.answer([what, tree, offset, count], payload))

    def expect(self, *_: object, **__: int) -> None:
        return

    def go_ahead(self, tree: int) -> bool:
        if self.may_go_ahead:
            self.ask(What.WALK, b"", tree=tree)
        return self.may_go_ahead

    def close(self) -> None:
        if self.worker is not None:
            self.worker.close()
        self.worker = None


@pytest.fixture
def child() -> Iterator[FakeChild]:
    made = FakeChild()
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path: Path, child: FakeChild) -> NativeMachine:
    data = ExtImage()
    data.file(12, b"x" * (3 * 1024))
    attribute = (b"\x00\x00\x02\xea" + struct.pack("<BBHIII", 1, 1, 40, 0, 2, 0) + b"a").ljust(44, b"\0") + b"in"
    data.inode(15, 0o100600, attributes=attribute)
    data.folder(2, {b"file": 12, b"with": 15})
    disks = {}
    image = root()
    image.folder(14, {})
    image.folder(2, {b"etc": 13, b"data": 14})
    for name, content in (("system", image.content), ("xvdb", data.content)):
        path = tmp_path / f"{name}.raw"
        path.write_bytes(content)
        disks[name] = DiskImage(path=path, format=DiskFormat.RAW, role=DiskRole.parse(name))
    made = NativeMachine(disks, child=child)  # type: ignore[arg-type]
    child.prepare = made._open  # type: ignore[assignment]
    return made


def test_storage_and_systems_are_found_once(machine: NativeMachine, child: FakeChild) -> None:
    assert [one.place for one in machine.storage.file_systems] == ["system", "xvdb"]
    assert machine.os_places == ("system",)
    assert child.generation == 1


def test_files_are_read_over_all_file_systems_as_fstab_mounts_them(machine: NativeMachine) -> None:
    lines = [line(b"/data"), line(b"/none"), line(b"/swap", kind="swap")]
    lines = [
        type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"place": "xvdb", "line": number})
        for number, one in enumerate(lines)
    ]
    tree, mounts = machine.system_tree("system", lines)
    assert tree.read_file(b"/data/file", limit=5) == b"xxxxx"
    assert [mount.state for mount in mounts] == [MountState.MOUNTED, MountState.FAILED, MountState.SKIPPED]
    assert [(one.name, one.file_system) for one in tree.list_folder(b"/")] == [(b"data", 1), (b"etc", 0)]


def test_one_file_system_by_itself_is_a_tree(machine: NativeMachine) -> None:
    tree = machine.file_system_tree("xvdb")
    assert tree.stat(b"/file").size == 3 * 1024
    assert b"".join(tree.read_parts(b"/file", limit=1 << 30)) == b"x" * 3072
    assert tree.read_at(b"/file", 3000, length=1 << 30) == b"x" * 72
    assert (tree.read_at(b"/file", 9, length=2), tree.read_at(b"/file", 5000, length=2)) == (b"xx", b"")
    assert tree.stored(b"/file", most=5) == [(0, 3072)]
    assert tree.stored(b"/file", most=0) == []
    assert tree.xattrs(b"/file") == {}
    with pytest.raises(NoSuchPathInside, match="no file system xvdz"):
        machine.file_system_tree("xvdz")


def test_one_attribute_of_many_names_is_asked_for_at_once(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("xvdb")
    many = [b"file"] * 700 + [b"with"]
    assert tree.one_xattr(b"/", many, b"user.a") == {b"with": b"in"}
    assert tree.one_xattr(b"/", many, b"user.b") == {}
    assert child.asked.count(What.ONE_XATTR) == 4


def test_where_one_name_has_no_attributes_to_read_none_are_given_and_nobody_is_blamed(
    machine: NativeMachine, child: FakeChild
) -> None:
    tree = machine.file_system_tree("xvdb")
    with pytest.raises(NoSuchPathInside):
        tree.one_xattr(b"/", [b"with", b"none"], b"user.a")
    for _ in range(9):
        child.die.add(What.ONE_XATTR)
        with pytest.raises(CannotLookInside, match=r"the attributes in / inside the disk: .* it crashed"):
            tree.one_xattr(b"/", [b"with"], b"user.a")
    assert tree.xattrs(b"/with") == {b"user.a": b"in"}


def test_counters_that_are_damaged_leave_the_files_to_be_read(tmp_path: Path, machine: NativeMachine) -> None:
    path = tmp_path / "xvdb.raw"
    content = bytearray(path.read_bytes())
    content[2048 + 12 : 2048 + 14] = b"\xff\xff"  # free blocks
    path.write_bytes(content)
    found = {one.place: one for one in machine.storage.file_systems}
    assert "could not be counted" in found["xvdb"].error
    assert machine.file_system_tree("xvdb").read_file(b"/file", limit=1) == b"x"


def test_swap_and_what_is_not_there_hold_no_files(machine: NativeMachine) -> None:
    assert machine._why_not("xvdz") == "there is no file system xvdz on these disks"
    assert machine._why_not("system") == ""


def test_what_is_absent_is_told_from_what_cannot_be_read(machine: NativeMachine) -> None:
    tree = machine.file_system_tree("system")
    with pytest.raises(NoSuchPathInside, match=r"/none inside the disk"):
        tree.stat(b"/none")
    with pytest.raises(CannotLookInside, match="could not read the link /etc inside the disk: it is no link"):
        tree.read_link(b"/etc")
    with pytest.raises(ValueError, match="begins with a slash"):
        tree.stat(b"etc")


def test_a_child_that_ends_takes_one_answer_with_it(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    child.die.add(What.READ)
    with pytest.raises(CannotLookInside, match="it crashed"):
        tree.read_file(b"/etc/os-release", limit=99)
    assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"
    assert child.generation == 2


def test_a_tree_that_ends_the_child_again_and_again_is_left_alone(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    for _ in range(3):
        child.die.add(What.READ)
        with pytest.raises(CannotLookInside):
            tree.read_file(b"/etc/os-release", limit=99)
    with pytest.raises(CannotLookInside, match="failed too often"):
        tree.stat(b"/")
    assert machine.file_system_tree("xvdb").stat(b"/file").size == 3 * 1024


def test_a_file_system_that_ends_the_child_is_not_opened_again(machine: NativeMachine, child: FakeChild) -> None:
    child.die.add(What.SURVEY)
    found = {one.place: one.error for one in machine.storage.file_systems}
    assert "it crashed" in found["system"]
    assert found["xvdb"] == ""
    with pytest.raises(CannotLookInside, match="it crashed"):
        machine.file_system_tree("system")


def test_the_folders_of_a_walk_are_listed_by_few_questions_and_others_as_ever(
    machine: NativeMachine, child: FakeChild
) -> None:
    tree = machine.file_system_tree("system")
    tree.will_walk()
    tree.will_walk()
    for path in (b"/", b"/data", b"/etc", b"/etc"):
        assert tree.list_walked(path) == tree.list_folder(path)
    with pytest.raises(NoSuchPathInside):
        tree.list_walked(b"/none")
    assert [child.asked.count(one) for one in (What.WALK, What.WALKED)] == [1, 4]
    assert child.asked.count(What.LIST) == 4 + 2


def test_small_files_are_read_many_at_once_and_every_other_as_ever(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    tree.will_read([b"/none", b"/etc", b"/etc/os-release"])
    with pytest.raises(NoSuchPathInside):
        tree.read_file(b"/none", limit=9)
    assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"
    assert [child.asked.count(one) for one in (What.READ_SMALL, What.READ)] == [1, 1]
    assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"
    with pytest.raises(CannotLookInside, match="it is not a regular file"):
        tree.read_file(b"/etc", limit=9)
    assert [child.asked.count(one) for one in (What.READ_SMALL, What.READ)] == [1, 3]


@pytest.mark.parametrize("limit", [0, 3, 10, 11])
def test_a_small_file_at_hand_is_cut_as_any_other(machine: NativeMachine, limit: int) -> None:
    tree = machine.file_system_tree("system")
    tree.will_read([b"/etc/os-release"])
    assert tree.read_file(b"/etc/os-release", limit=limit) == b"ID=debian\n"[:limit]


def test_only_so_many_files_are_read_at_once_and_those_left_out_are_read_later(
    machine: NativeMachine, child: FakeChild
) -> None:
    tree = machine.file_system_tree("system")
    paths = [b"/etc/" + b"./" * number + b"os-release" for number in range(200)]
    tree.will_read(paths)
    for path in (*paths[:3], *paths[60:100], paths[199], paths[5]):
        assert tree.read_file(path, limit=99) == b"ID=debian\n"
    assert [child.asked.count(one) for one in (What.READ_SMALL, What.READ)] == [3, 1]


def test_a_child_that_ends_over_many_files_is_not_blamed_on_one(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    for _ in range(5):
        child.die.add(What.READ_SMALL)
        tree.will_read([b"/etc/os-release", b"/etc"])
        assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"


@pytest.mark.parametrize("may", [True, False])
def test_a_child_that_ends_in_a_walk_or_may_not_go_ahead_is_asked_folder_by_folder(
    machine: NativeMachine, child: FakeChild, may: bool
) -> None:
    child.may_go_ahead = may
    tree = machine.file_system_tree("system")
    tree.will_walk()
    child.die.add(What.WALKED)
    child.may_go_ahead = False
    assert [one.name for one in tree.list_walked(b"/")] == [b"data", b"etc"]
    assert [one.name for one in tree.list_walked(b"/etc")] == [b"os-release"]
    assert child.asked.count(What.WALKED) == may


def test_what_the_guard_refuses_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "no.qcow2"
    path.write_bytes(b"no image")
    image = DiskImage(path=path, format=DiskFormat.QCOW2)
    with pytest.raises(NotADiskImage), open_native_machine([image]):
        pass
