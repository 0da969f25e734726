import struct
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import File, MemoryTree, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.capabilities import ATTRIBUTE, decode_capability, find_capable
from imgkit.facts.guest import Guest
from imgkit.model.files import CapableFile

NET_RAW = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # as `setcap cap_net_raw+ep` writes it


def test_the_attribute_that_setcap_writes_is_read():
    assert decode_capability(b"/usr/bin/ping", NET_RAW) == CapableFile(
        path=b"/usr/bin/ping", permitted=("cap_net_raw",), inheritable=(), effective=True
    )


def test_rights_beyond_32_and_of_a_user_namespace_are_read():
    value = struct.pack("<IIIIII", 0x03000000, 1, 2, 1 << 7, 1 << 30, 100000)
    found = decode_capability(b"/x", value)
    assert found.permitted == ("cap_chown", "cap_bpf")
    assert found.inheritable == ("cap_dac_override", "cap_62")
    assert (found.effective, found.root_uid) == (False, 100000)


@pytest.mark.parametrize("value", [b"", b"\0" * 20, NET_RAW[:-1], NET_RAW + b"\0", b"\xff" * 24])
def test_what_is_no_capability_is_none(value):
    assert decode_capability(b"/x", value) is None


def test_files_are_asked_and_those_that_fail_are_counted():
    class Torn(MemoryTree):
        def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
            if path == b"/bad":
                raise CannotLookInside("no attributes here")
            return super().xattrs(path)

    tree = Torn(
        {"/b/p": File(b"", xattrs={ATTRIBUTE: NET_RAW}), "/bad": b"", "/c": File(b"", xattrs={ATTRIBUTE: b"x"})}
    )
    found, notes = find_capable(Guest(tree=tree, label="x"), [b"/c", b"/b/p", b"/bad", b"/gone"])
    assert [one.path for one in found] == [b"/b/p"]
    assert notes == ("3 files' rights could not be read, the first because: no attributes here",)


def test_a_tree_that_answers_for_a_folder_is_asked_once_a_folder():
    class Many(MemoryTree):
        asked: ClassVar[list[tuple[bytes, Sequence[bytes]]]] = []

        def one_xattr(self, folder: bytes, names: Sequence[bytes], attribute: bytes) -> Mapping[bytes, bytes]:
            self.asked.append((folder, names))
            return {names[0]: NET_RAW} if attribute == ATTRIBUTE else {}

    found, _ = find_capable(Guest(tree=Many({}), label="x"), [b"/b/2", b"/a/1", b"/b/1"])
    assert Many.asked == [(b"/a/", [b"1"]), (b"/b/", [b"1", b"2"])]
    assert [one.path for one in found] == [b"/a/1", b"/b/1"]


def test_where_a_folder_cannot_be_asked_at_once_its_files_are_asked_one_by_one():
    class Torn(MemoryTree):
        def one_xattr(self, folder: bytes, names: Sequence[bytes], attribute: bytes) -> Mapping[bytes, bytes]:
            raise CannotLookInside("not at once")

    tree = Torn({"/b/1": File(b"", xattrs={ATTRIBUTE: NET_RAW}), "/b/2": b""})
    found, notes = find_capable(Guest(tree=tree, label="x"), [b"/b/1", b"/b/2"])
    assert ([one.path for one in found], notes) == ([b"/b/1"], ())


@given(st.binary(max_size=32))
def test_any_value_is_borne(value):
    find_capable(guest_with({"/x": File(b"", xattrs={ATTRIBUTE: value})}), [b"/x"])
