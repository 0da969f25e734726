"""Where the content of an ext file lies: extent trees of ext4, block lists of ext2 and ext3."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgkit.disks.native.volume import Cached
from imgkit.errors import CannotLookInside

_EXTENT_MAGIC = 0xF30A
_HEADER = struct.Struct("<HHHHI")
_DEEPEST = 5
_LONGEST_WRITTEN = 32768
_DIRECT = 12


class Run(NamedTuple):
    """Blocks that lie together: `length` blocks of the file from `block` on, at `place` of the volume."""

    block: int
    length: int
    place: int


def extent_runs(volume: Cached, block_bytes: int, root: bytes, first: int, end: int) -> Iterator[Run]:
    """Yield the written blocks from `first` up to `end`, in order; what is left out is a hole."""
    expected = 0
    for block, count, place in _leaves(volume, block_bytes, root, None, (first, end)):
        if block < expected:
            raise CannotLookInside("its extents overlap or are out of order")
        expected = block + count
        start, stop = max(block, first), min(expected, end)
        if start < stop and place:
            yield Run(start, stop - start, place + start - block)


def _leaves(
    volume: Cached, block_bytes: int, node: bytes, depth: int | None, wanted: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    magic, entries, _, found_depth, _ = _HEADER.unpack_from(node)
    if magic != _EXTENT_MAGIC or found_depth > _DEEPEST or 12 + entries * 12 > len(node):
        raise CannotLookInside("its tree of extents is damaged")
    if depth is not None and found_depth != depth:
        raise CannotLookInside("its tree of extents leads back into itself")
    first, end = wanted
    if found_depth == 0:
        yield from _extents(node, entries, first, end)
        return
    index = list(struct.iter_unpack("<IIHH", node[12 : 12 + entries * 12]))
    for at, (block, low, high, _) in enumerate(index):
        following = index[at + 1][0] if at + 1 < entries else end
        if block < end and following > first:
            place = (low | high << 32) * block_bytes
            yield from _leaves(volume, block_bytes, volume.read(place, block_bytes), found_depth - 1, wanted)


def _extents(node: bytes, entries: int, first: int, end: int) -> Iterator[tuple[int, int, int]]:
    for block, count, high, low in struct.iter_unpack("<IHHI", node[12 : 12 + entries * 12]):
        unwritten = count > _LONGEST_WRITTEN  # set aside, reads as zeroes
        length = count - _LONGEST_WRITTEN if unwritten else count
        if block < end and block + length > first:
            yield block, length, 0 if unwritten else low | high << 32


def listed_runs(volume: Cached, block_bytes: int, root: bytes, first: int, end: int) -> Iterator[Run]:
    """Yield what `extent_runs` yields, from the 12 direct and 3 indirect block numbers of an inode."""
    numbers = struct.unpack_from("<15I", root)
    run: Run | None = None
    for block, place in _listed(volume, block_bytes, numbers, first, end):
        if run is not None and block == run.block + run.length and place == run.place + run.length:
            run = Run(run.block, run.length + 1, run.place)
            continue
        if run is not None:
            yield run
        run = Run(block, 1, place)
    if run is not None:
        yield run


def _listed(
    volume: Cached, block_bytes: int, numbers: tuple[int, ...], first: int, end: int
) -> Iterator[tuple[int, int]]:
    for block in range(first, min(_DIRECT, end)):
        if numbers[block]:
            yield block, numbers[block]
    base, each = _DIRECT, block_bytes // 4
    for level in range(1, 4):
        span = each**level
        if numbers[11 + level] and base < end and base + span > first:
            yield from _indirect(volume, block_bytes, (numbers[11 + level], level, base), first, end)
        base += span


def _indirect(
    volume: Cached, block_bytes: int, at: tuple[int, int, int], first: int, end: int
) -> Iterator[tuple[int, int]]:
    place, level, base = at
    each = block_bytes // 4
    span = each ** (level - 1)
    table = struct.unpack(f"<{each}I", volume.read(place * block_bytes, block_bytes))
    for index in range(max(0, (first - base) // span), min(each, -(-(end - base) // span))):
        if not table[index]:
            continue
        if level == 1:
            yield base + index, table[index]
        else:
            yield from _indirect(volume, block_bytes, (table[index], level - 1, base + index * span), first, end)
