"""Which bytes of a file are there and which are holes, as the file system tells."""

import errno
import os
from collections.abc import Iterator

from imgkit.model.disk import Extent, ExtentKind


def data_in_file(handle: int, start: int, length: int) -> Iterator[Extent]:
    """Yield data and holes of a stretch of a file, in order, counted from its start.

    Without such knowledge all is data; so is what lies beyond the file's end, which only a read may judge.
    """
    inside = max(0, min(length, os.fstat(handle).st_size - start))
    place = 0
    while place < inside:
        data = min(next_data(handle, start + place, start + inside) - start, inside)
        if data > place:
            yield Extent(place, data - place, ExtentKind.ZERO)
        place = data
        if data < inside:
            place = min(max(_next_hole(handle, start + data, start + inside) - start, data + 1), inside)
            yield Extent(data, place - data, ExtentKind.DATA)
    if inside < length:
        yield Extent(inside, length - inside, ExtentKind.DATA)


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
