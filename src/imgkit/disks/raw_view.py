"""The guest view of bytes that lie in a file as they are: raw images, fixed VHD, flat VMDK."""

import contextlib
import errno
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import Differs, NotAccessible
from imgkit.files.whole import open_evidence
from imgkit.model.disk import Extent, ExtentKind


class RawView:
    """Reads with pread, so from any number of threads. Holes are asked of the file system, after an fsync:

    XFS has told of holes where delayed writes lay (coreos-assembler issue 3728).
    """

    def __init__(self, header: ImageHeader) -> None:
        assert header.region is not None
        self._path = header.region.path
        self._start = header.region.offset
        self._size = header.virtual_size
        try:
            self._file = open_evidence(self._path)
        except OSError as error:
            raise NotAccessible(f"cannot read {self._path}: {error.strerror or error}") from error
        with contextlib.suppress(OSError):  # a read-only file system has nothing to sync
            os.fsync(self._file.fileno())

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises ValueError beyond the end, Differs when the file has become shorter."""
        require_inside(offset, length, self._size)
        try:
            found = os.pread(self._file.fileno(), length, self._start + offset)
        except OSError as error:
            raise NotAccessible(
                f"cannot read {length} bytes at {self._start + offset} of {self._path}: {error.strerror or error}",
                hint="The disk that holds it may be failing: see the kernel's log.",
            ) from error
        return found if len(found) == length else self._read_rest(found, offset, length)

    def extents(self) -> Iterator[Extent]:
        """Yield data and holes as the file system knows them; without such knowledge, all is data."""
        place = 0
        while place < self._size:
            data = self._next_data(place)
            if data > place:
                yield Extent(place, data - place, ExtentKind.ZERO)
            if data < self._size:
                place = self._next_hole(data)
                yield Extent(data, place - data, ExtentKind.DATA)
            else:
                place = self._size

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_rest(self, found: bytes, offset: int, length: int) -> bytes:
        """Go on where a read was interrupted; Linux also ends every read at 2 GiB."""
        parts = [found]
        have = len(found)
        while have < length:
            part = os.pread(self._file.fileno(), length - have, self._start + offset + have)
            if not part:
                raise Differs(
                    f"{self._path} ends at byte {self._start + offset + have}, and was longer when it was opened",
                    hint="Something else writes to it: make a copy that nobody touches, and start again.",
                )
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def _next_data(self, place: int) -> int:
        try:
            found = os.lseek(self._file.fileno(), self._start + place, os.SEEK_DATA)
        except OSError as error:
            # ENXIO: only a hole up to the end; anything else: this file system does not know of holes.
            return self._size if error.errno == errno.ENXIO else place
        return min(found - self._start, self._size)

    def _next_hole(self, data: int) -> int:
        try:
            found = os.lseek(self._file.fileno(), self._start + data, os.SEEK_HOLE)
        except OSError:
            return self._size
        return min(max(found - self._start, data + 1), self._size)


def require_inside(offset: int, length: int, size: int) -> None:
    """Raise ValueError for a range that is not inside a disk of `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise ValueError(f"bytes {offset} to {offset + length} are outside a disk of {size} bytes")
