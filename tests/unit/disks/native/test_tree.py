"""Paths over several file systems: nothing leads out of them."""

import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import pytest

from imgkit.disks.native.reader import Name, Row, Stretch
from imgkit.disks.native.tree import Tree
from imgkit.errors import CannotLookInside, NoSuchPathInside

FOLDER, FILE, LINK = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777


class FakeReader:
    """A file system as a table: an inode is a dict of names, bytes of a file, or a link's text."""

    root = 1

    def __init__(self, inodes: Mapping[int, dict[bytes, int] | bytes | str]) -> None:
        self.inodes = inodes

    def row(self, inode: int) -> Row:
        found = self.inodes.get(inode)
        if found is None:
            raise CannotLookInside(f"inode {inode} is empty")
        mode = FOLDER if isinstance(found, dict) else LINK if isinstance(found, str) else FILE
        return Row(mode, 0 if isinstance(found, dict) else len(found), 0, 0, inode, 1, 0, 0, 0, None)

    def names(self, inode: int) -> Sequence[Name]:
        found = self.inodes[inode]
        assert isinstance(found, dict)
        return [Name(name, number) for name, number in found.items()]

    def parts(self, inode: int, offset: int, length: int) -> Iterator[bytes]:
        found = self.inodes[inode]
        assert isinstance(found, bytes)
        yield found[offset : offset + length]

    def stored(self, inode: int) -> Iterator[Stretch]:
        found = self.inodes[inode]
        assert isinstance(found, bytes)
        yield Stretch(0, len(found))

    def link_target(self, inode: int) -> bytes:
        found = self.inodes[inode]
        assert isinstance(found, str)
        return found.encode()

    def xattrs(self, inode: int) -> Mapping[bytes, bytes]:
        return {b"user.inode": b"%d" % inode}


ROOT = FakeReader(
    {
        1: {b"etc": 2, b"data": 3, b"abs": 4, b"up": 5, b"loop": 6, b"gone": 7, b"broken": 99},
        2: {b"passwd": 10, b"link": 11},
        3: {b"hidden": 10},
        4: "/etc/passwd",
        5: "../../../../etc/link",
        6: "loop",
        7: "nowhere",
        10: b"root:x",
        11: "passwd",
    }
)
DATA = FakeReader({1: {b"file": 2, b"up": 3, b"sub": 4}, 2: b"data", 3: "../etc/passwd", 4: {}})


def content(tree: Tree, path: bytes) -> bytes:
    return b"".join(tree.read(path, 0, 100)[1])


@pytest.fixture
def tree() -> Tree:
    made = Tree(0, {0: ROOT, 1: DATA})
    made.mount(1, b"/data")
    return made


def test_links_are_followed_inside_whatever_they_say(tree: Tree) -> None:
    for path in (b"/abs", b"/up", b"/etc/link", b"//etc/./passwd", b"/../../etc/passwd", b"/data/up", b"/data/../abs"):
        assert content(tree, path) == b"root:x"


def test_a_mounted_file_system_covers_what_was_there(tree: Tree) -> None:
    assert [one.name for one in tree.list_folder(b"/data")] == [b"file", b"sub", b"up"]
    assert content(tree, b"/data/file") == b"data"
    with pytest.raises(NoSuchPathInside):
        tree.stat(b"/data/hidden")
    (found,) = [one for one in tree.list_folder(b"/") if one.name == b"data"]
    assert (found.file_system, found.row.inode) == (1, 1)
    assert tree.stat(b"/").file_system == 0


def test_one_mount_may_lie_on_another_and_on_itself(tree: Tree) -> None:
    tree.mount(1, b"/data/sub")
    assert content(tree, b"/data/sub/file") == b"data"
    tree.mount(1, b"/data")
    tree.mount(0, b"/data")
    assert {one.name for one in tree.list_folder(b"/data")}


def test_nothing_is_mounted_where_there_is_no_folder(tree: Tree) -> None:
    for path in (b"/etc/passwd", b"/nowhere"):
        with pytest.raises(NoSuchPathInside):
            tree.mount(1, path)


def test_links_that_lead_to_each_other_end(tree: Tree) -> None:
    with pytest.raises(CannotLookInside, match="more than 40 links") as raised:
        tree.read(b"/loop", 0, 1)
    assert not isinstance(raised.value, NoSuchPathInside)
    assert tree.read_link(b"/loop") == b"loop"


def test_all_links_of_a_path_count_whatever_is_known_of_it_already() -> None:
    links: dict[int, dict[bytes, int] | bytes | str] = {
        number: "end" if number % 30 == 29 else f"{number + 1}" for number in range(30, 90)
    }
    names = {b"%d" % number: number for number in links}
    tree = Tree(0, {0: FakeReader({1: names | {b"end": 2}, 2: names | {b"end": 3}, 3: {b"file": 4}, 4: b"", **links})})
    assert tree.stat(b"/30/end")
    assert tree.stat(b"/end/60/file")
    with pytest.raises(CannotLookInside, match="more than 40 links"):
        tree.stat(b"/30/60/file")


def test_what_is_not_there_is_told_from_what_cannot_be_read(tree: Tree) -> None:
    for path in (b"/none", b"/gone/x", b"/etc/passwd/x", b"/etc/passwd/..", b"/abs/"):
        with pytest.raises(NoSuchPathInside):
            list(tree.list_folder(path))
    for ask in (lambda: tree.read(b"/etc", 0, 1), lambda: tree.read_link(b"/etc"), lambda: tree.stat(b"/broken")):
        with pytest.raises(CannotLookInside) as raised:
            ask()
        assert not isinstance(raised.value, NoSuchPathInside)


def test_an_entry_whose_inode_cannot_be_read_is_listed_all_the_same(tree: Tree) -> None:
    (found,) = [one for one in tree.list_folder(b"/") if one.name == b"broken"]
    assert found.row is None


def test_a_link_itself_is_described_and_has_attributes(tree: Tree) -> None:
    assert stat.S_ISLNK(tree.stat(b"/abs").row.mode)
    assert tree.xattrs(b"/abs") == {b"user.inode": b"4"}


def test_the_stretches_of_a_regular_file_alone_are_told(tree: Tree) -> None:
    assert list(tree.stored(b"/abs")) == [(0, 6)]
    for path in (b"/etc", b"/loop"):
        with pytest.raises(CannotLookInside):
            tree.stored(path)


def test_of_two_entries_with_one_name_the_first_counts() -> None:
    class Twins(FakeReader):
        def names(self, inode: int) -> Sequence[Name]:
            return [Name(b"a", 2), Name(b"a", 3)]

    tree = Tree(0, {0: Twins({1: {}, 2: b"first", 3: b"second"})})
    assert len(list(tree.list_folder(b"/"))) == 1
    assert content(tree, b"/a") == b"first"


def test_many_folders_do_not_pile_up() -> None:
    many = {number: {b"x%d" % name: number + 1 for name in range(1000)} for number in range(1, 400)}
    tree = Tree(0, {0: FakeReader({**many, 400: b""})})
    path = b""
    for _ in range(398):
        path += b"/x0"
        tree.stat(path)
    assert tree._kept <= 310_000
    assert len(tree._resolved) <= 512


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (b"/none", b""),
        (b"/none/below", b""),
        (b"/etc/none/", b"/etc"),
        (b"/etc/passwd/x", None),
        (b"/etc/passwd", None),
        (b"/etc/../none", None),
        (b"/gone/x", None),
        (b"/" + b"etc/../" * 99, None),
    ],
)
def test_what_a_path_lacks_is_told_with_all_that_is_there(path: bytes, folder: bytes | None) -> None:
    tree = Tree(0, {0: ROOT})
    if folder is None:
        with suppress(NoSuchPathInside):
            assert tree.lacking(path) is None
    else:
        assert tree.lacking(path) == (folder, tuple(name for name, _ in ROOT.names(2 if folder else 1)))
