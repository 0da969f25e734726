"""The fake is tested like what it stands for."""

import pytest
from tests.unit.facts.tree import Link, MemoryTree, Shut

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.model.tree import EntryKind

TREE = MemoryTree(
    {
        "/usr/bin/sh": "shell",
        "/bin": Link(b"usr/bin"),
        "/abs": Link(b"/usr/bin/sh"),
        "/loop": Link(b"loop"),
        "/up": Link(b"../../../usr/bin/sh"),
        "/nowhere": Link(b"/gone"),
        "/shut": Shut(),
        b"/b\xff": b"x",
    }
)


@pytest.mark.parametrize("path", [b"/usr/bin/sh", b"/bin/sh", b"/abs", b"/up", b"/usr/../bin/./sh"])
def test_links_are_followed_inside(path):
    assert TREE.read_file(path, limit=100) == b"shell"


def test_a_read_ends_at_its_limit():
    assert TREE.read_file(b"/bin/sh", limit=2) == b"sh"


@pytest.mark.parametrize("path", [b"/gone", b"/nowhere", b"/usr/bin/sh/below"])
def test_what_is_not_there_says_so(path):
    with pytest.raises(NoSuchPathInside):
        TREE.read_file(path, limit=1)


@pytest.mark.parametrize("path", [b"/shut", b"/loop", b"/usr"])
def test_what_cannot_be_read_is_not_missing(path):
    with pytest.raises(CannotLookInside) as caught:
        TREE.read_file(path, limit=1)
    assert not isinstance(caught.value, NoSuchPathInside)


def test_a_folder_is_listed_in_order_of_names_with_links_as_links():
    listed = TREE.list_folder(b"/")
    assert [entry.name for entry in listed] == [b"abs", b"bin", b"b\xff", b"loop", b"nowhere", b"shut", b"up", b"usr"]
    assert listed[1].kind is EntryKind.LINK
    assert [entry.name for entry in TREE.list_folder(b"/bin")] == [b"sh"]


def test_stat_describes_the_link_itself():
    assert TREE.stat(b"/abs").kind is EntryKind.LINK
    assert TREE.read_link(b"/abs") == b"/usr/bin/sh"
