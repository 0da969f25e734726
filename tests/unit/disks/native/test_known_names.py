"""What a folder is known to hold saves questions, and never makes a path absent that is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.disks.native.test_tree import FakeReader

from imgkit.disks.native.known_names import KnownNames
from imgkit.disks.native.tree import Tree
from imgkit.errors import CannotLookInside, NoSuchPathInside

ETC = frozenset({b"passwd", b"ssh"})


@pytest.mark.parametrize(
    ("path", "lacks"),
    [
        (b"/etc/none", True),
        (b"/etc/none/below/it/", True),
        (b"/etc/passwd", False),
        (b"/etc/ssh/none", False),
        (b"/usr/none", False),
        (b"/etc", False),
        (b"/", False),
        (b"/etc/../none", False),
        (b"/etc/./none", False),
        (b"/etc//none", False),
    ],
)
def test_a_path_lacks_a_name_where_its_folder_is_known_not_to_have_it(path: bytes, lacks: bool) -> None:
    known = KnownNames()
    known.learn(b"/etc", ETC)
    assert known.lacks(path) is lacks


def test_the_top_is_a_folder_like_others() -> None:
    known = KnownNames()
    known.learn(b"", frozenset({b"etc"}))
    assert [known.lacks(path) for path in (b"/", b"/etc/x", b"/usr", b"/usr/lib")] == [False, False, True, True]


def test_nothing_is_known_of_more_folders_than_there_is_room_for() -> None:
    known = KnownNames(most_bytes=300)
    known.learn(b"/etc", ETC)
    known.learn(b"/usr", ETC)
    assert (known.lacks(b"/etc/x"), known.lacks(b"/usr/x")) == (True, False)


PARTS = st.sampled_from([b"a", b"b", b"c", b"link", b"up", b"..", b".", b""])
PATHS = st.lists(PARTS, min_size=1, max_size=6).map(lambda parts: b"/" + b"/".join(parts))


@given(
    st.dictionaries(
        st.integers(1, 6),
        st.dictionaries(st.sampled_from([b"a", b"b", b"c", b"link", b"up"]), st.integers(1, 8))
        | st.sampled_from(["/a", "../b", "/a/b", "none", "."])
        | st.just(b"content"),
    ),
    st.lists(PATHS, max_size=12),
)
def test_whatever_is_there_is_never_lacking(
    inodes: dict[int, dict[bytes, int] | bytes | str], paths: list[bytes]
) -> None:
    tree = Tree(0, {0: FakeReader({**inodes, 1: {b"a": 2, b"b": 3, b"link": 4}})})
    known = KnownNames()
    for path in paths:
        for ask in (tree.stat, tree.read_link, lambda one: list(tree.list_folder(one))):
            try:
                ask(path)
            except NoSuchPathInside:
                absent = True
            except (CannotLookInside, AssertionError):
                continue
            else:
                absent = False
            assert absent or not known.lacks(path)
            if absent:
                lacking = reason(tree, path)
                if lacking is not None:
                    known.learn(lacking[0], frozenset(lacking[1]))
                    assert known.lacks(path)


def reason(tree: Tree, path: bytes) -> tuple[bytes, tuple[bytes, ...]] | None:
    try:
        found = tree.lacking(path)
    except (CannotLookInside, AssertionError):
        return None
    return None if found is None else (found[0], tuple(found[1]))
