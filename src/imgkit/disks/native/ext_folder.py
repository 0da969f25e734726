"""The names in the folders of ext2, ext3 and ext4.

An indexed folder is read as a plain one: the nodes of its index look like one deleted entry that fills a block.
"""

import base64
import struct
from collections.abc import Iterator

from imgkit.disks.native.reader import MOST_NAMES, Name, plain_name
from imgkit.errors import CannotLookInside

_ENTRY = struct.Struct("<IHBB")
_WHOLE_64K = frozenset({0, 65535})  # how a length of 65,536 is written in 16 bits
_ITSELF = frozenset({b".", b"..", b""})


def names_in_block(block: bytes, *, encrypted: bool = False) -> Iterator[Name]:
    """Yield the names in one block. Raises CannotLookInside where an entry does not fit."""
    at, end = 0, len(block)
    while at + 8 <= end:
        inode, length, name_bytes, _ = _ENTRY.unpack_from(block, at)
        if end == 65536 and length in _WHOLE_64K:
            length = 65536
        if length < 8 or length % 4 or at + length > end or name_bytes + 8 > length:
            raise CannotLookInside(f"an entry of the folder is damaged ({length} bytes at {at} of a block)")
        name = block[at + 8 : at + 8 + name_bytes]
        if inode and name not in _ITSELF:
            yield Name(covered_name(name) if encrypted else plain_name(name), inode)
        at += length


def inline_names(content: bytes, rest: bytes, *, encrypted: bool) -> Iterator[Name]:
    """Yield the names of a folder that lies in its inode: behind the parent's number, and in an attribute."""
    yield from names_in_block(content[4:], encrypted=encrypted)
    yield from names_in_block(rest, encrypted=encrypted)


def covered_name(raw: bytes) -> bytes:
    """Write the ciphertext of a name in letters (base64url without padding): it may hold any byte."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def gather(names: Iterator[Name]) -> list[Name]:
    """Collect names up to the limit. Raises CannotLookInside beyond it."""
    found: list[Name] = []
    for name in names:
        found.append(name)
        if len(found) > MOST_NAMES:
            raise CannotLookInside(f"the folder holds more than {MOST_NAMES:,} names, and is not listed")
    return found
