"""The extended attributes of ext2, ext3 and ext4, as a kernel would give them."""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from imgkit.errors import CannotLookInside

MAGIC = b"\x00\x00\x02\xea"
BLOCK_HEADER_BYTES = 32
LARGEST_VALUE = 64 * 1024
_ENTRY = struct.Struct("<BBHIII")
_SYSTEM = 7
_PREFIXES = {
    1: b"user.",
    2: b"system.posix_acl_access",
    3: b"system.posix_acl_default",
    4: b"trusted.",
    6: b"security.",
    _SYSTEM: b"system.",
    8: b"system.richacl",
}
_ACLS = frozenset({2, 3})
_NAMED = frozenset({2, 8})  # entries of an ACL for one user or one group
_NO_ID = 0xFFFFFFFF


class Attribute(NamedTuple):
    """One attribute; `prefix` stands for the beginning of its name."""

    prefix: int
    name: bytes
    value: bytes

    @property
    def is_inline_data(self) -> bool:
        """Whether it is the rest of a file that lies in its inode."""
        return self.prefix == _SYSTEM and self.name == b"data"


def read_attributes(area: bytes, base: int, fetch: Callable[[int, int], bytes]) -> Iterator[Attribute]:
    """Yield the attributes whose entries begin at `base` of `area`; in a block, values count from the block's start.

    `fetch(inode, size)` reads a value that has an inode of its own.
    """
    at, values = base, base if base == len(MAGIC) else 0
    while at + 4 <= len(area) and area[at : at + 4] != bytes(4):
        if at + _ENTRY.size > len(area):
            raise CannotLookInside("an extended attribute is damaged")
        name_bytes, index, offset, inode, size, _ = _ENTRY.unpack_from(area, at)
        name = area[at + _ENTRY.size : at + _ENTRY.size + name_bytes]
        start = values + offset
        if len(name) < name_bytes or size > LARGEST_VALUE or (not inode and size and start + size > len(area)):
            raise CannotLookInside("an extended attribute lies outside its place")
        yield Attribute(index, name, fetch(inode, size) if inode else area[start : start + size])
        at += (_ENTRY.size + name_bytes + 3) & ~3


def shown(attribute: Attribute) -> tuple[bytes, bytes] | None:
    """Return the full name and the value as a kernel gives them, None for what it keeps to itself."""
    prefix = _PREFIXES.get(attribute.prefix)
    if prefix is None or attribute.is_inline_data:
        return None
    value = _acl(attribute.value) if attribute.prefix in _ACLS else attribute.value
    return prefix + attribute.name, value


def _acl(stored: bytes) -> bytes:
    """Turn an ACL as ext stores it (version 1) into the form that programs get (version 2)."""
    if stored[:4] != b"\1\0\0\0":
        return stored
    made, at = [b"\2\0\0\0"], 4
    while at + 4 <= len(stored):
        tag, permissions = struct.unpack_from("<HH", stored, at)
        named = tag in _NAMED and at + 8 <= len(stored)
        who = struct.unpack_from("<I", stored, at + 4)[0] if named else _NO_ID
        made.append(struct.pack("<HHI", tag, permissions, who))
        at += 8 if named else 4
    return b"".join(made)
