"""The files of a machine as a report asks for them, with a child that is no process."""

import pytest
from tests.unit.disks.reading_child import FakeChild

from imgkit.disks.machine_native import NativeMachine
from imgkit.disks.native.wire import What
from imgkit.disks.tree_native import NativeTree
from imgkit.errors import CannotLookInside, NoSuchPathInside


def stop_too_often(tree: NativeTree, child: FakeChild) -> None:
    for _ in range(3):
        child.die.add(What.READ)
        with pytest.raises(CannotLookInside):
            tree.read_file(b"/etc/os-release", limit=99)


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
    stop_too_often(tree, child)
    with pytest.raises(CannotLookInside, match="failed too often"):
        tree.stat(b"/")
    assert machine.file_system_tree("xvdb").stat(b"/file").size == 3 * 1024


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


def test_what_a_folder_is_known_to_lack_is_not_asked_for(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    child.lacking = b"/etc", frozenset({b"os-release"})
    for path in (b"/etc/none", b"/etc/none", b"/etc/none/x", b"/etc/other"):
        with pytest.raises(NoSuchPathInside, match=f"there is no {path.decode()} inside the disk"):
            tree.read_file(path, limit=9)
        with pytest.raises(NoSuchPathInside):
            tree.list_folder(path)
    assert tree.stat(b"/etc/os-release").size == 10
    assert [child.asked.count(one) for one in (What.READ, What.LIST)] == [1, 0]


def test_of_another_child_nothing_is_known(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    child.lacking = b"/etc", frozenset({b"other"})
    with pytest.raises(NoSuchPathInside):
        tree.read_file(b"/etc/none", limit=9)
    child.die.add(What.LIST)
    with pytest.raises(CannotLookInside):
        tree.list_folder(b"/")
    assert tree.list_folder(b"/")
    assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"


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


def test_a_child_that_ends_over_many_files_is_not_blamed_on_one_and_it_is_tried_once(
    machine: NativeMachine, child: FakeChild
) -> None:
    tree = machine.file_system_tree("system")
    for _ in range(5):
        child.die.add(What.READ_SMALL)
        tree.will_read([b"/etc/os-release", b"/etc"])
        assert tree.read_file(b"/etc/os-release", limit=99) == b"ID=debian\n"
    assert (child.failures, child.asked.count(What.READ_SMALL)) == (1, 1)


def test_long_paths_are_read_few_at_once_or_alone(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    paths = [b"/" + b"./" * (7_000 + number) + b"etc/os-release" for number in range(5)] + [b"/" + b"./" * (1 << 18)]
    tree.will_read(paths)
    for path in paths[:5]:
        assert tree.read_file(path, limit=99) == b"ID=debian\n"
    assert [child.asked.count(one) for one in (What.READ_SMALL, What.READ)] == [3, 0]
    with pytest.raises(CannotLookInside, match="it is not a regular file"):
        tree.read_file(paths[5], limit=99)
    assert [child.asked.count(one) for one in (What.READ_SMALL, What.READ)] == [3, 1]


def test_a_path_that_no_question_can_hold_is_not_asked_for(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    for _ in range(9):
        with pytest.raises(CannotLookInside, match="its path is too long") as raised:
            tree.stat(b"/" + b"./" * (1 << 19))
    assert (len(raised.value.message) < 200, child.asked.count(What.STAT)) == (True, 0)


def test_how_much_was_listed_by_a_child_that_ended_changes_nothing(machine: NativeMachine, child: FakeChild) -> None:
    tree = machine.file_system_tree("system")
    tree.will_walk()
    assert child.worker is not None
    while child.worker.go_ahead():
        pass
    assert tree.list_walked(b"/")
    stop_too_often(tree, child)
    with pytest.raises(CannotLookInside, match="failed too often"):
        tree.list_walked(b"/etc")


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
