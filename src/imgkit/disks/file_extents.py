"""Runs of data and zeroes: how they are joined, and which of them are holes of a file, as its file system tells."""

import errno
import os
from collections.abc import Iterable, Iterator

from imgkit.model.disk import Extent, ExtentKind


def join_extents(parts: Iterable[Extent]) -> Iterator[Extent]:
    """Yield the same runs with neighbours of one kind joined."""
    pending = Extent(0, 0, ExtentKind.DATA)
    for part in parts:
        if part.kind is pending.kind:
            pending = Extent(pending.start, pending.length + part.length, part.kind)
            continue
        if pending.length:
            yield pending
        pending = part
    if pending.length:
        yield pending


class FileMap:
    """Data and holes of one open file.

    The last stretch is remembered: the blocks of an image lie in few of them, whatever order they have on the disk.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._size = os.fstat(handle).st_size
        self._known = Extent(0, 0, ExtentKind.DATA)

    def parts(self, start: int, length: int) -> Iterator[Extent]:
        """Yield data and holes of a stretch of the file, in order, counted from its start.

        Without such knowledge all is data; so is what lies beyond the file's end, which only a read may judge.
        """
        end = start + length
        place = start
        while place < min(end, self._size):
            known = self._known
            if not known.start <= place < known.end:
                known = self._known = self._look(place)
            stop = min(known.end, end)
            yield Extent(place - start, stop - place, known.kind)
            place = stop
        if place < end:
            yield Extent(place - start, end - place, ExtentKind.DATA)

    def _look(self, place: int) -> Extent:
        """Return the stretch of one kind from here on. There is at least a byte of it."""
        data = min(next_data(self._handle, place, self._size), self._size)
        if data > place:
            return Extent(place, data - place, ExtentKind.ZERO)
        hole = min(max(_next_hole(self._handle, place, self._size), place + 1), self._size)
        return Extent(place, hole - place, ExtentKind.DATA)


def data_in_file(handle: int, start: int, length: int) -> Iterator[Extent]:
    """Yield data and holes of one stretch of a file, as `FileMap.parts` does."""
    return FileMap(handle).parts(start, length)


def next_data(handle: int, place: int, end: int) -> int:
    """Return where data goes on from `place`: there, behind a hole, or `end` where nothing but a hole is left."""
    try:
        return os.lseek(handle, place, os.SEEK_DATA)
    except OSError as error:
        # ENXIO: only a hole up to the end; anything else: this file system does not know of holes.
        return end if error.errno == errno.ENXIO else place


def _next_hole(handle: int, place: int, end: int) -> int:
    try:
        return os.lseek(handle, place, os.SEEK_HOLE)
    except OSError:
        return end
