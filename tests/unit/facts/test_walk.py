from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import File, Folder, Link, MemoryTree, Nodes, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.guest import Guest
from imgkit.facts.walk import Walked, walk_tree
from imgkit.model.tree import Entry, EntryKind


class Paths:
    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def see(self, path: bytes, entry: Entry) -> None:
        self.seen.append(path)


class Folders:
    """A tree that lists whatever it is told to, also what no file system may hold."""

    def __init__(self, listing: dict[bytes, list[Entry]]) -> None:
        self._listing = listing

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        return self._listing.get(path or b"/", [])


def walk(guest: Guest, **limits: int) -> tuple[list[bytes], Walked]:
    paths = Paths()
    return paths.seen, walk_tree(guest, (paths,), **limits)


def walk_listing(listing: dict[bytes, list[Entry]], **limits: int) -> tuple[list[bytes], Walked]:
    return walk(Guest(tree=Folders(listing), label="x"), **limits)  # type: ignore[arg-type]  # the walk only lists


def folder(name: bytes, inode: int) -> Entry:
    return Entry(name=name, kind=EntryKind.FOLDER, inode=inode)


def test_every_visitor_sees_everything_breadth_first():
    one, two = Paths(), Paths()
    walk_tree(guest_with({"/b/c/d": b"", "/a": b"", "/z": b""}), (one, two))
    assert one.seen == two.seen == [b"/a", b"/b", b"/z", b"/b/c", b"/b/c/d"]


def test_links_are_seen_and_not_followed():
    assert walk(guest_with({"/a/x": b"", "/a/up": Link(b"/")}))[0] == [b"/a", b"/a/up", b"/a/x"]


def test_a_folder_inside_itself_is_walked_once():
    paths, walked = walk_listing({b"/": [folder(b"a", 2)], b"/a": [folder(b"again", 2)]})
    assert paths == [b"/a", b"/a/again"]
    assert (walked.whole, walked.unlisted) == (False, 1)
    assert "seen before" in walked.first_reason


def test_the_same_inode_on_another_file_system_is_another_folder():
    other = Entry(name=b"b", kind=EntryKind.FOLDER, inode=2, file_system=1)
    paths, walked = walk_listing({b"/": [folder(b"a", 2), other], b"/b": [Entry(name=b"x", kind=EntryKind.FILE)]})
    assert (paths[-1], walked.whole) == (b"/b/x", True)


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b"])
def test_a_name_that_no_file_can_have_is_left_and_said(name):
    paths, walked = walk_listing({b"/": [folder(name, 2), folder(b"z", 3)]})
    assert (paths, walked.unlisted) == ([b"/z"], 1)


@pytest.mark.parametrize(("limit", "count"), [("most_entries", 2), ("most_folders", 1)])
def test_a_limit_is_said(limit, count):
    _, walked = walk(guest_with({"/a/x": b"", "/b/y": b"", "/c/z": b""}), **{limit: count})
    assert not walked.whole
    assert str(count) in walked.limit_hit
    assert walked.notes == (walked.limit_hit,)


def test_a_folder_that_cannot_be_listed_leaves_the_others():
    class Torn(MemoryTree):
        def list_folder(self, path: bytes) -> Sequence[Entry]:
            if path == b"/a":
                raise CannotLookInside("bad sector")
            return super().list_folder(path)

    paths, walked = walk(Guest(tree=Torn({"/a/x": b"", "/b/y": File(b"")}), label="x"))
    assert paths == [b"/a", b"/b", b"/b/y"]
    assert walked.notes == ("1 folders could not be listed, the first because: bad sector",)


def test_a_top_that_cannot_be_listed_is_no_empty_walk():
    with pytest.raises(CannotLookInside):
        walk(guest_with({b"/": Shut()}))


def test_what_lies_too_deep_or_has_too_long_a_path_is_left():
    for path in ("/a" * 200, ("/" + "n" * 250) * 20):
        assert walk(guest_with({path: Folder()}))[1].unlisted == 1


@given(
    st.dictionaries(st.binary(max_size=4), st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 3)), max_size=4))
)
def test_no_listing_whatever_makes_it_fail_or_go_on_for_ever(listing):
    tree = {b"/" + path: [folder(name, inode) for name, inode in entries] for path, entries in listing.items()}
    _, walked = walk_listing(tree, most_entries=500)
    assert walked.entries <= 500


class AheadTree(MemoryTree):
    """Is told that a walk comes, and lists its folders in another way."""

    def __init__(self, nodes: Nodes) -> None:
        super().__init__(nodes)
        self.told: list[str] = []

    def will_walk(self) -> None:
        self.told.append("walk")

    def list_walked(self, path: bytes) -> Sequence[Entry]:
        self.told.append(path.decode())
        return super().list_folder(path)

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        raise AssertionError("a walk asks for the folders of a walk")


def test_a_tree_that_can_is_told_of_the_walk_first_and_asked_in_its_order():
    files = {"/b/c/file": b"", "/a": b"", "/d/e": b""}
    tree = AheadTree(files)
    assert walk(Guest(tree=tree, label="x")) == walk(guest_with(files))
    assert tree.told == ["walk", "/", "/b", "/d", "/b/c"]
