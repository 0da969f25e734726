"""A guest view whose unreadable parts read as zeroes, each of them remembered: for when nothing better is left."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from imgkit.errors import Differs, NotAccessible, NotADiskImage, ToolFailed
from imgkit.model.disk import Extent, ExtentKind
from imgkit.ports import GuestView
from imgkit.units import KiB

_SMALLEST_BYTES = 4 * KiB  # what a disk reads at once
_UNREADABLE = (Differs, NotAccessible, NotADiskImage, ToolFailed)


class SalvagedView:
    """Reads like `view` wherever that can be read. Closing it is its owner's business."""

    def __init__(self, view: GuestView) -> None:
        self._view = view
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._view.size

    @property
    def lost(self) -> tuple[Extent, ...]:
        """What could not be read so far, in order, neighbours joined."""
        with self._lock:
            pairs = zip(self._starts, self._ends, strict=True)
            return tuple(Extent(start, end - start, ExtentKind.ZERO) for start, end in pairs)

    def read(self, offset: int, length: int) -> bytes:
        """Return these bytes, zeroes where they cannot be had. Raises ValueError beyond the end."""
        try:
            return self._view.read(offset, length)
        except _UNREADABLE:
            return self._read_in_parts(offset, length)

    def extents(self) -> Iterator[Extent]:
        """Yield the view's extents; where its tables cannot be read, all that follows is called data, and tried."""
        place = 0
        try:
            for extent in self._view.extents():
                yield extent
                place = extent.end
        except _UNREADABLE:
            yield Extent(place, self.size - place, ExtentKind.DATA)

    def close(self) -> None:
        """Leave the view open: it belongs to somebody else."""

    def _read_in_parts(self, offset: int, length: int) -> bytes:
        """Go down to the smallest parts, so that no more is lost than must be."""
        if length <= _SMALLEST_BYTES:
            self._lose(offset, offset + length)
            return bytes(length)
        half = max(_SMALLEST_BYTES, (length // 2 + _SMALLEST_BYTES - 1) // _SMALLEST_BYTES * _SMALLEST_BYTES)
        return self.read(offset, half) + self.read(offset + half, length - half)

    def _lose(self, start: int, end: int) -> None:
        """Join what was lost with its neighbours at once: half a disk in pieces of 4 KiB would fill the memory."""
        with self._lock:
            first = bisect_left(self._ends, start)  # the first that reaches up to here, or lies behind
            last = bisect_right(self._starts, end)
            if first < last:
                start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
            self._starts[first:last] = [start]
            self._ends[first:last] = [end]
