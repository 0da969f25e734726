"""Where a disk's blocks lie in its file: tables decoded a page at a time, for the guard and the reader alike.

A place is an offset in the file, ZERO for a block that reads as zeroes, or, below that, a compressed block's packed
descriptor. So one signed number says all of a block, and neighbours can be joined without looking at formats.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple, Protocol

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.errors import NotADiskImage

ZERO = -1
PAGE_ENTRIES = 8192
"""The most entries of a table that make one page."""

_PAGES_REMEMBERED = 64  # a page has 64 KiB of places, with qcow2's subclusters up to 2 MiB
_FIRST_PACKED = -2


class Run(NamedTuple):
    """Neighbouring bytes of the disk: neighbours in the file too, or zeroes, or of one packed block."""

    start: int
    length: int
    place: int


class BlockLayout(Protocol):
    """What a header says of its tables; plain numbers, so that it outlives the file it was read from."""

    @property
    def block_bytes(self) -> int: ...

    @property
    def blocks_each_page(self) -> int: ...

    @property
    def packed_bytes(self) -> int:
        """How much of the disk one compressed block holds; a multiple of `block_bytes`."""
        ...

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        """Return the places of one page of blocks, None when all of them are zeroes. Raises NotADiskImage."""
        ...

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        """Return the bytes that a packed place stands for, inflated. Raises NotADiskImage."""
        ...


def pack(descriptor: int) -> int:
    """Return the place of a compressed block, of which the format knows a descriptor of up to 62 bits."""
    return _FIRST_PACKED - descriptor


def descriptor_of(place: int) -> int:
    """Return what `pack` was given."""
    return _FIRST_PACKED - place


class BlockMap:
    """The blocks of one image. May be asked from several threads."""

    def __init__(self, source: ImageBytes, layout: BlockLayout) -> None:
        self._layout = layout
        self._page = lru_cache(maxsize=_PAGES_REMEMBERED)(partial(layout.page, source))

    def runs(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs from byte `start` to `end`, in order and without gaps."""
        size = self._layout.block_bytes
        if start >= end:
            return
        for first, count, place in _joined(self._spans(start // size, -(-end // size)), size):
            low = max(first * size, start)
            high = min((first + count) * size, end)
            yield Run(low, high - low, place + low - first * size if place >= 0 else place)

    def _spans(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield block number, count and place; within a page neighbours are joined already."""
        each = self._layout.blocks_each_page
        while first < stop:
            page_end = min((first // each + 1) * each, stop)
            page = self._page(first // each)
            if page is None:
                yield first, page_end - first, ZERO
            else:
                begin = first % each
                yield from _spans_of(page[begin : begin + page_end - first], first, self._layout.block_bytes)
            first = page_end


def _spans_of(places: "array[int]", first: int, size: int) -> Iterator[tuple[int, int, int]]:
    began, place, expected = first, places[0], places[0]
    for number, found in enumerate(places, first):
        if found != expected:
            yield began, number - began, place
            began = number
            place = found
        # Zeroes go on as zeroes, the parts of a packed block as the same block, bytes with the bytes behind them.
        expected = found + size if found >= 0 else found
    yield began, first + len(places) - began, place


def _joined(spans: Iterable[tuple[int, int, int]], size: int) -> Iterator[tuple[int, int, int]]:
    """Join spans over the ends of pages."""
    first = count = 0
    place = ZERO
    for number, length, found in spans:
        if count and found == (place + count * size if place >= 0 else place):
            count += length
            continue
        if count:
            yield first, count, place
        first, count, place = number, length, found
    if count:
        yield first, count, place


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksFound:
    """What a walk over pages has seen. `highest_place` is that of the block which lies last in the file, or ZERO."""

    used: int = 0
    highest_place: int = ZERO
    highest_block: int = 0
    highest_packed: int = ZERO
    """Of all packed places the one with the highest descriptor under `packed_mask`, or ZERO."""


def _page(source: ImageBytes, layout: BlockLayout, number: int) -> "array[int] | None":
    try:
        return layout.page(source, number)
    except NotADiskImage as error:
        source.lose(error)
        return None


def walk_pages(
    source: ImageBytes, layout: BlockLayout, pages: Iterable[int], *, packed_mask: int = 0, most: int | None = None
) -> BlocksFound:
    """Look through pages of blocks for what the guard must know.

    `most` is how many blocks the file has room for, where no writer ever names one twice. Raises NotADiskImage beyond.
    """
    used = packed_end = 0
    highest, at_block, at_packed = ZERO, 0, ZERO
    for number in pages:
        page = _page(source, layout, number)
        if page is None:
            continue
        used += len(page) - page.count(ZERO)
        if most is not None and used > most:
            source.lose(source.malformed(f"its tables name more than the {most} blocks that the file has room for"))
        if (top := max(page)) > highest:
            highest, at_block = top, number * layout.blocks_each_page + page.index(top)
        if min(page) < ZERO:
            for place in filter(lambda each: each < ZERO, page):
                if (end := descriptor_of(place) & packed_mask) >= packed_end:
                    packed_end, at_packed = end, place
    return BlocksFound(used=used, highest_place=highest, highest_block=at_block, highest_packed=at_packed)
