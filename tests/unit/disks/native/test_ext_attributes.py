"""Extended attributes of ext, in the inode and in a block."""

import struct

import pytest

from imgkit.disks.native.ext_attributes import MAGIC, Attribute, read_attributes, shown
from imgkit.errors import CannotLookInside


def entry(index: int, name: bytes, *, offset: int = 0, inode: int = 0, size: int = 0) -> bytes:
    raw = struct.pack("<BBHIII", len(name), index, offset, inode, size, 0) + name
    return raw.ljust(-(-len(raw) // 4) * 4, b"\0")


def none(inode: int, size: int) -> bytes:
    raise AssertionError("no value lies in an inode here")


def test_in_the_inode_values_count_from_the_first_entry() -> None:
    area = MAGIC + entry(1, b"note", offset=40, size=3)
    area = area.ljust(44, b"\0") + b"abc"
    assert list(read_attributes(area, 4, none)) == [Attribute(1, b"note", b"abc")]


def test_in_a_block_they_count_from_the_block_and_may_have_an_inode() -> None:
    block = bytes(32) + entry(6, b"selinux", offset=1000, size=2) + entry(1, b"big", inode=77, size=5)
    block = block.ljust(1000, b"\0") + b"ok" + bytes(22)
    found = list(read_attributes(block, 32, lambda inode, size: b"%d:%d" % (inode, size)))
    assert found == [Attribute(6, b"selinux", b"ok"), Attribute(1, b"big", b"77:5")]


@pytest.mark.parametrize(
    "raw", [entry(1, b"n", offset=900, size=99), entry(1, b"n", size=1 << 20), b"\1\1\1\1", entry(1, b"long")[:18]]
)
def test_one_that_lies_outside_is_refused(raw: bytes) -> None:
    with pytest.raises(CannotLookInside):
        list(read_attributes(MAGIC + raw, 4, none))


def test_names_get_their_beginnings_and_a_kernels_own_are_left_out() -> None:
    assert shown(Attribute(6, b"capability", b"x")) == (b"security.capability", b"x")
    assert shown(Attribute(7, b"data", b"x")) is None
    assert shown(Attribute(9, b"c", b"x")) is None


def test_an_acl_has_the_form_that_programs_get() -> None:
    stored = struct.pack("<IHHHHIHH", 1, 1, 7, 2, 5, 1234, 0x20, 0)
    name, value = shown(Attribute(2, b"", stored)) or (b"", b"")
    assert name == b"system.posix_acl_access"
    assert value == struct.pack("<IHHIHHIHHI", 2, 1, 7, 0xFFFFFFFF, 2, 5, 1234, 0x20, 0, 0xFFFFFFFF)
