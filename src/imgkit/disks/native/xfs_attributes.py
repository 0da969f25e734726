"""The extended attributes of XFS, as a kernel would give them to root."""

import struct
from collections.abc import Callable, Iterator
from struct import unpack_from
from typing import NamedTuple

from imgkit.errors import CannotLookInside

REMOTE_HEADER_BYTES = 56
LARGEST_VALUE = 64 * 1024
_LEAVES = {0xFBEE: 32, 0x3BEE: 80}
_NODES = {0xFEBE: 16, 0x3EBE: 64}
_LOCAL, _ROOT, _SECURE, _PARENT, _INCOMPLETE = 0x1, 0x2, 0x4, 0x8, 0x80
_MOST_BLOCKS = 4096
_ACLS = {b"SGI_ACL_FILE": b"system.posix_acl_access", b"SGI_ACL_DEFAULT": b"system.posix_acl_default"}
_NAMED = frozenset({2, 8})
_NO_ID = 0xFFFFFFFF


class Attribute(NamedTuple):
    """One attribute; `flags` stand for the beginning of its name."""

    flags: int
    name: bytes
    value: bytes


def short_attributes(raw: bytes) -> Iterator[Attribute]:
    """Yield the attributes that lie in the inode."""
    size, count = unpack_from(">HB", raw)
    at, end = 4, min(size, len(raw))
    for _ in range(count):
        if at + 3 > end:
            raise CannotLookInside("its extended attributes are damaged")
        name_bytes, value_bytes, flags = unpack_from("BBB", raw, at)
        start = at + 3
        at = start + name_bytes + value_bytes
        if at > end:
            raise CannotLookInside("its extended attributes are damaged")
        yield Attribute(flags, raw[start : start + name_bytes], raw[start + name_bytes : at])


def attributes_in_blocks(read: Callable[[int], bytes], read_value: Callable[[int, int], bytes]) -> Iterator[Attribute]:
    """Yield the attributes in blocks of their own: down to the first leaf, then from leaf to leaf.

    `read(number)` gives a block of the fork, `read_value(block, size)` a value that has blocks of its own.
    """
    number = _first_leaf(read)
    seen: set[int] = set()
    while number is not None:
        if number in seen or len(seen) > _MOST_BLOCKS:
            raise CannotLookInside("its extended attributes lead back into themselves")
        seen.add(number)
        block = read(number)
        yield from _leaf(block, read_value)
        number = unpack_from(">I", block)[0] or None


def _first_leaf(read: Callable[[int], bytes]) -> int | None:
    number = 0
    for _ in range(8):
        block = read(number)
        magic = unpack_from(">H", block, 8)[0]
        if magic in _LEAVES:
            return number
        head = _NODES.get(magic)
        if head is None:
            break
        number = unpack_from(">I", block, head + 4)[0]
    raise CannotLookInside("the tree of its extended attributes is damaged")


def _leaf(block: bytes, read_value: Callable[[int, int], bytes]) -> Iterator[Attribute]:
    magic = unpack_from(">H", block, 8)[0]
    head = _LEAVES.get(magic)
    if head is None:
        raise CannotLookInside("a block of its extended attributes is damaged")
    count = unpack_from(">H", block, 12 if head == 32 else 56)[0]
    if head + count * 8 > len(block):
        raise CannotLookInside("a block of its extended attributes is damaged")
    for number in range(count):
        _, at, flags = unpack_from(">IHB", block, head + number * 8)
        if flags & _INCOMPLETE:  # it was being written
            continue
        if at + (3 if flags & _LOCAL else 9) > len(block):
            raise CannotLookInside("an extended attribute lies outside its block")
        if flags & _LOCAL:
            size, name_bytes = unpack_from(">HB", block, at)
            name, value = block[at + 3 : at + 3 + name_bytes], block[at + 3 + name_bytes : at + 3 + name_bytes + size]
        else:
            where, size, name_bytes = unpack_from(">IIB", block, at)
            if size > LARGEST_VALUE:
                raise CannotLookInside(f"an extended attribute claims {size} bytes")
            name, value = block[at + 9 : at + 9 + name_bytes], read_value(where, size)
        if len(name) != name_bytes or len(value) != size:
            raise CannotLookInside("an extended attribute lies outside its block")
        yield Attribute(flags, name, value)


def shown(attribute: Attribute) -> Iterator[tuple[bytes, bytes]]:
    """Yield the full name and the value as a kernel gives them; an ACL has two names."""
    flags, name, value = attribute
    if flags & _PARENT:
        return
    if flags & _ROOT:
        if name in _ACLS:
            yield _ACLS[name], _acl(value)
        yield b"trusted." + name, value
    else:
        yield (b"security." if flags & _SECURE else b"user.") + name, value


def _acl(stored: bytes) -> bytes:
    """Turn an ACL as XFS stores it into the form that programs get."""
    made = [b"\2\0\0\0"]
    for at in range(4, len(stored) - 11, 12):
        tag, who, permissions = unpack_from(">IIH", stored, at)
        made.append(struct.pack("<HHI", tag & 0xFFFF, permissions, who if tag in _NAMED else _NO_ID))
    return b"".join(made)
