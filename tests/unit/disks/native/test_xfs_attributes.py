"""Extended attributes of XFS."""

import struct

import pytest

from imgkit.disks.native.xfs_attributes import Attribute, attributes_in_blocks, short_attributes, shown
from imgkit.errors import CannotLookInside


def test_short_attributes_lie_in_the_inode() -> None:
    raw = struct.pack(">HBx", 4 + 3 + 5, 1) + bytes((2, 3, 0)) + b"ab" + b"xyz"
    assert list(short_attributes(raw)) == [Attribute(0, b"ab", b"xyz")]
    with pytest.raises(CannotLookInside):
        list(short_attributes(raw[:-1]))


def leaf(*entries: tuple[int, bytes], forward: int = 0) -> bytes:
    """A leaf of version 5; each entry is its flags and what it has at its place."""
    block = bytearray(4096)
    struct.pack_into(">IIH", block, 0, forward, 0, 0x3BEE)
    struct.pack_into(">H", block, 56, len(entries))
    at = 4096
    for number, (flags, body) in enumerate(entries):
        at -= len(body)
        block[at : at + len(body)] = body
        struct.pack_into(">IHB", block, 80 + number * 8, 0, at, flags)
    return bytes(block)


def local(name: bytes, value: bytes) -> bytes:
    return struct.pack(">HB", len(value), len(name)) + name + value


def node(child: int) -> bytes:
    block = bytearray(4096)
    struct.pack_into(">H", block, 8, 0x3EBE)
    struct.pack_into(">II", block, 64, 0, child)
    return bytes(block)


def test_leaves_follow_each_other_below_a_node() -> None:
    remote = struct.pack(">IIB", 7, 1000, 1) + b"r"
    blocks = [node(1), leaf((1, local(b"a", b"1")), (0x80, local(b"half", b"")), forward=2), leaf((0, remote))]
    found = list(attributes_in_blocks(blocks.__getitem__, lambda block, size: bytes((block,)) * size))
    assert found == [Attribute(1, b"a", b"1"), Attribute(0, b"r", b"\7" * 1000)]


@pytest.mark.parametrize(
    "blocks",
    [
        [node(0)],
        [leaf(forward=1), leaf(forward=1)],
        [leaf(forward=1), bytes(4096)],
        [leaf((1, local(b"a", b"1")[:3]))],
        [leaf((0, struct.pack(">IIB", 7, 1 << 30, 0)))],
    ],
)
def test_what_leads_nowhere_is_refused(blocks: list[bytes]) -> None:
    with pytest.raises(CannotLookInside):
        list(attributes_in_blocks(blocks.__getitem__, lambda block, size: bytes(size)))


def test_names_get_their_beginnings() -> None:
    assert dict(shown(Attribute(0, b"a", b"1"))) == {b"user.a": b"1"}
    assert dict(shown(Attribute(4, b"capability", b"1"))) == {b"security.capability": b"1"}
    assert dict(shown(Attribute(8, b"parent", b"1"))) == {}


def test_an_acl_has_two_names_and_the_form_that_programs_get() -> None:
    stored = struct.pack(">IIIHxxIIHxx", 2, 1, 0xFFFFFFFF, 7, 2, 1234, 5)
    found = dict(shown(Attribute(2, b"SGI_ACL_FILE", stored)))
    assert found[b"trusted.SGI_ACL_FILE"] == stored
    assert found[b"system.posix_acl_access"] == struct.pack("<IHHIHHI", 2, 1, 7, 0xFFFFFFFF, 2, 5, 1234)
