"""The names in the folders of XFS: in the inode, in one block, in several; the blocks of the index are not needed."""

from collections.abc import Iterator
from struct import unpack_from

from imgkit.disks.native.reader import Name, plain_name
from imgkit.errors import CannotLookInside

INDEX_START = 32 << 30  # from this byte on a folder holds its index
_HEADERS = {b"XD2B": 16, b"XD2D": 16, b"XDB3": 64, b"XDD3": 64}
_SINGLE = frozenset({b"XD2B", b"XDB3"})
_UNUSED = 0xFFFF
_ITSELF = frozenset({b".", b"..", b""})


def short_names(raw: bytes, *, has_types: bool) -> Iterator[Name]:
    """Yield the names of a folder that lies in its inode; where all inodes are small, their numbers have 4 bytes."""
    count, large = unpack_from("BB", raw)
    width = 8 if large else 4
    at = 2 + width
    for _ in range(count or large):
        if at + 3 > len(raw):
            raise CannotLookInside("a short folder is damaged")
        name_bytes = raw[at]
        name = raw[at + 3 : at + 3 + name_bytes]
        at += 3 + name_bytes + has_types
        inode = raw[at : at + width]
        if len(inode) < width or not name_bytes:
            raise CannotLookInside("a short folder is damaged")
        if name not in _ITSELF:
            yield Name(plain_name(name), int.from_bytes(inode, "big"))
        at += width


def names_in_block(block: bytes, *, has_types: bool) -> Iterator[Name]:
    """Yield the names in one block of a folder. Raises CannotLookInside where an entry does not fit."""
    magic = block[:4]
    at = _HEADERS.get(magic, 0)
    if not at:
        raise CannotLookInside("a block of the folder is damaged")
    end = _end_of_entries(block) if magic in _SINGLE else len(block)
    while at + 8 <= end:
        tag, length = unpack_from(">HH", block, at)
        if tag == _UNUSED:
            if length < 8 or length % 8 or at + length > end:
                raise CannotLookInside("a free stretch of a folder is damaged")
            at += length
            continue
        inode, name_bytes = unpack_from(">QB", block, at)
        name = block[at + 9 : at + 9 + name_bytes]
        at += (11 + name_bytes + has_types + 7) & ~7
        if at > end or not name_bytes:
            raise CannotLookInside("an entry of a folder is damaged")
        if name not in _ITSELF:
            yield Name(plain_name(name), inode)


def _end_of_entries(block: bytes) -> int:
    """A folder of a single block has its index at the block's end."""
    (count,) = unpack_from(">I", block, len(block) - 8)
    end = len(block) - 8 - count * 8
    if end < 0:
        raise CannotLookInside(f"a folder claims {count} names in one block")
    return int(end)
