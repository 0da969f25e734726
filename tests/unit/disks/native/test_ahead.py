"""Folders listed before they are asked for: the same, in the same order, and never too much at once."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.disks.native.test_tree import FakeReader

from imgkit.disks.native.ahead import Ahead
from imgkit.disks.native.reader import Row
from imgkit.disks.native.tree import Listed, Tree
from imgkit.disks.native.wire import ENTRIES_A_FRAME, decode_entries, encode_entries

Inodes = dict[int, dict[bytes, int] | bytes | str]


def tree_of(inodes: Inodes) -> Tree:
    return Tree(0, {0: FakeReader(inodes)})


def taken(ahead: Ahead) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    while some := list(ahead.take()):
        found += some
    return found


def of(tree: Tree, *paths: bytes) -> list[tuple[bytes, bytes]]:
    return [(path, frame) for path in paths for frame in encode_entries(tree.list_folder(path))]


@pytest.fixture
def tree() -> Tree:
    return tree_of(
        {1: {b"b": 2, b"a": 3, b"file": 9, b"link": 8}, 2: {b"c": 4}, 3: {b"d": 5}, 4: {}, 5: {}, 9: b"", 8: "a"}
    )


def test_folders_come_breadth_first_in_the_order_of_names(tree: Tree) -> None:
    assert taken(Ahead(tree)) == of(tree, b"/", b"/a", b"/b", b"/a/d", b"/b/c")


def test_nothing_is_listed_twice_whether_it_was_listed_ahead_or_not(tree: Tree) -> None:
    ahead = Ahead(tree)
    ahead.step()
    ahead.step()
    assert list(ahead.take()) == of(tree, b"/", b"/a")
    assert list(ahead.take()) == of(tree, b"/b")
    assert taken(ahead) == of(tree, b"/a/d", b"/b/c")
    assert not ahead.has_work
    assert list(ahead.take()) == []


def test_what_cannot_be_listed_is_missing_and_the_rest_goes_on() -> None:
    reader = FakeReader({1: {b"a": 2, b"b": 3, b"broken": 99}, 2: {}, 3: {}})
    ahead = Ahead(Tree(0, {0: reader}))
    ahead.step()
    reader.inodes = {1: {}, 2: "no folder any more", 3: {}}
    assert [path for path, _ in taken(ahead)] == [b"/", b"/b"]


def test_a_folder_whose_name_leads_elsewhere_is_not_listed_under_it() -> None:
    tree = tree_of({1: {b"": 2, b".": 3, b"..": 4, b"a": 5}, 2: {}, 3: {}, 4: {}, 5: {b"": 6}, 6: {}})
    assert [path for path, _ in taken(Ahead(tree))] == [b"/", b"/a"]


def test_a_folder_inside_itself_is_listed_once() -> None:
    tree = tree_of({1: {b"a": 2}, 2: {b"again": 2, b"top": 1}})
    assert [path for path, _ in taken(Ahead(tree))] == [b"/", b"/a", b"/a/top"]


def test_a_folder_of_many_entries_has_several_frames() -> None:
    tree = tree_of({1: {b"%d" % number: 2 for number in range(ENTRIES_A_FRAME + 1)}, 2: b""})
    assert [path for path, _ in taken(Ahead(tree))] == [b"/", b"/"]
    assert sum(len(decode_entries(frame)) for _, frame in taken(Ahead(tree))) == ENTRIES_A_FRAME + 1


def test_no_more_is_kept_than_there_is_room_for_and_it_goes_on_when_some_is_taken() -> None:
    files = {b"%d" % number: 99 for number in range(20)}
    below: Inodes = dict.fromkeys(range(2, 52), files)
    ahead = Ahead(tree_of({1: {b"%d" % number: number for number in below}, **below, 99: b""}), most_bytes=20_000)
    steps = 0
    while ahead.has_work:
        ahead.step()
        steps += 1
    assert 1 < steps < 51
    assert len(taken(ahead)) == 51


def test_a_folder_that_is_too_large_to_keep_ends_it() -> None:
    tree = tree_of({1: {b"a": 2, b"b": 3}, 2: {b"%d" % number: 4 for number in range(500)}, 3: {}, 4: b""})
    assert [path for path, _ in taken(Ahead(tree, most_bytes=20_000))] == [b"/"]


def test_paths_that_are_too_much_to_keep_end_it_too() -> None:
    class Endless(Tree):
        def list_folder(self, path: bytes) -> Iterator[Listed]:
            for number in range(1 << 40):
                yield Listed(b"%d" % number, 0, FakeReader({number: {}}).row(number))

    assert taken(Ahead(Endless(0, {0: FakeReader({1: {}})}), most_bytes=20_000)) == []


def test_a_folder_that_is_huge_on_the_disk_is_left_to_whoever_asks_for_it() -> None:
    class Huge(FakeReader):
        def row(self, inode: int) -> Row:
            return super().row(inode)._replace(size=(1 << 20) + (inode == 2))

    inodes: Inodes = {1: {b"a": 2, b"b": 3}, 2: {b"c": 4}, 3: {}, 4: {}}
    assert [path for path, _ in taken(Ahead(Tree(0, {0: Huge(inodes)})))] == [b"/", b"/b"]


@given(
    st.dictionaries(st.integers(1, 6), st.dictionaries(st.binary(min_size=1, max_size=2), st.integers(1, 7))), st.data()
)
def test_any_tree_is_walked_the_same_however_it_is_asked(folders: Inodes, data: st.DataObject) -> None:
    folders.setdefault(1, {})
    ahead = Ahead(tree_of(folders), most_bytes=data.draw(st.sampled_from((2000, 1 << 20))))
    whole = taken(Ahead(tree_of(folders), most_bytes=1 << 20))
    found: list[tuple[bytes, bytes]] = []
    for steps in data.draw(st.lists(st.integers(0, 3), max_size=8)):
        for _ in range(steps if ahead.has_work else 0):
            ahead.step() if ahead.has_work else None
        found += ahead.take()
    found += taken(ahead)
    assert found == whole[: len(found)]
