"""Where the content of a fork of an XFS inode lies: extents listed in the inode, or in a tree of blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import iter_unpack, unpack, unpack_from
from typing import NamedTuple

from imgkit.disks.native.volume import Cached
from imgkit.disks.native.xfs_layout import BTREE, EXTENTS, XfsSuperblock
from imgkit.errors import CannotLookInside

_DEEPEST = 9
_HEADERS = {b"BMAP": 24, b"BMA3": 72}


class Extent(NamedTuple):
    """`length` blocks of the fork from `start` on; `block` is where the first one lies, None: they read as zeroes."""

    start: int
    length: int
    block: int | None


@dataclass(frozen=True, slots=True)
class Fork:
    """One fork of an inode: how its extents are kept, how many there are, and its bytes in the inode."""

    format: int
    extents: int
    raw: bytes


def fork_extents(volume: Cached, layout: XfsSuperblock, fork: Fork, first: int, end: int) -> Iterator[Extent]:
    """Yield the extents that reach into the blocks from `first` up to `end`, in order; between them are holes."""
    expected = 0
    for found in _all(volume, layout, fork, first, end):
        if found.start < expected or not found.length:
            raise CannotLookInside("its extents overlap or are out of order")
        expected = found.start + found.length
        if found.start < end and expected > first:
            yield found


def _all(volume: Cached, layout: XfsSuperblock, fork: Fork, first: int, end: int) -> Iterator[Extent]:
    if fork.format == EXTENTS:
        if fork.extents * 16 > len(fork.raw):
            raise CannotLookInside(f"it claims {fork.extents} extents in its inode")
        yield from _records(fork.raw[: fork.extents * 16])
    elif fork.format == BTREE:
        level, count = unpack_from(">HH", fork.raw)
        most = (len(fork.raw) - 4) // 16
        if not 1 <= level <= _DEEPEST or count > most:
            raise CannotLookInside("its tree of extents is damaged")
        yield from _children(volume, layout, fork.raw[4:], (level, count, most), (first, end))
    else:
        raise CannotLookInside(f"its content is kept in a way {fork.format} that does not fit")


def _children(
    volume: Cached, layout: XfsSuperblock, node: bytes, shape: tuple[int, int, int], wanted: tuple[int, int]
) -> Iterator[Extent]:
    level, count, most = shape
    keys = unpack(f">{count}Q", node[: count * 8])
    places = unpack(f">{count}Q", node[most * 8 : most * 8 + count * 8])
    for at, place in enumerate(places):
        following = keys[at + 1] if at + 1 < count else wanted[1]
        if keys[at] < wanted[1] and following > wanted[0]:
            block = volume.read(layout.block_offset(place), layout.block_bytes)
            yield from _block(volume, layout, block, level - 1, wanted)


def _block(
    volume: Cached, layout: XfsSuperblock, block: bytes, level: int, wanted: tuple[int, int]
) -> Iterator[Extent]:
    magic, found_level, count = unpack_from(">4sHH", block)
    head = _HEADERS.get(magic, 0)
    most = (layout.block_bytes - head) // 16
    if not head or found_level != level or count > most:
        raise CannotLookInside("its tree of extents is damaged")
    if level:
        yield from _children(volume, layout, block[head:], (level, count, most), wanted)
    else:
        yield from _records(block[head : head + count * 16])


def _records(raw: bytes) -> Iterator[Extent]:
    """A record packs a flag, 54 bits of where in the file, 52 bits of where on the disk and 21 bits of length."""
    for high, low in iter_unpack(">QQ", raw):
        unwritten = high >> 63
        start = (high >> 9) & ((1 << 54) - 1)
        block = (high & 0x1FF) << 43 | low >> 21
        yield Extent(start, low & 0x1FFFFF, None if unwritten else block)
