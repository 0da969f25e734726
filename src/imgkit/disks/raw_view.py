"""The guest view of bytes that lie in a file as they are: raw images, fixed VHD, flat VMDK."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from imgkit.disks.file_extents import data_in_file
from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import Differs, NotAccessible
from imgkit.files.closing import Closing
from imgkit.files.whole import open_evidence
from imgkit.model.disk import Extent


class RawView(Closing):
    """Reads with pread, so from any number of threads."""

    def __init__(self, header: ImageHeader) -> None:
        assert header.region is not None
        self._path = header.region.path
        self._start = header.region.offset
        self._size = header.virtual_size
        self._file = open_synced(self._path)

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises ValueError beyond the end, Differs when the file has become shorter."""
        require_inside(offset, length, self._size)
        return read_exactly(self._file.fileno(), self._start + offset, length, self._path)

    def extents(self) -> Iterator[Extent]:
        """Yield data and holes as the file system knows them; without such knowledge, all is data."""
        return data_in_file(self._file.fileno(), self._start, self._size)

    def close(self) -> None:
        self._file.close()


def open_synced(path: Path) -> BinaryIO:
    """Open a file for reading, all that was written to it being on its disk. Raises NotAccessible.

    Else its holes could not be trusted: XFS has told of holes where delayed writes lay (coreos-assembler issue 3728).
    """
    try:
        file = open_evidence(path)
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror or error}") from error
    with contextlib.suppress(OSError):  # a read-only file system has nothing to sync
        os.fsync(file.fileno())
    return file


def read_exactly(handle: int, offset: int, length: int, path: Path) -> bytes:
    """Return exactly these bytes of a file. Raises Differs when it has become shorter, NotAccessible when it fails."""
    found = _pread(handle, offset, length, path)
    if len(found) == length:
        return found
    parts = [found]  # a read was interrupted; Linux also ends every read at 2 GiB
    have = len(found)
    while have < length:
        part = _pread(handle, offset + have, length - have, path)
        if not part:
            raise Differs(
                f"{path} ends at byte {offset + have}, and was longer when it was opened",
                hint="Something else writes to it: make a copy that nobody touches, and start again.",
            )
        parts.append(part)
        have += len(part)
    return b"".join(parts)


def _pread(handle: int, offset: int, length: int, path: Path) -> bytes:
    try:
        return os.pread(handle, length, offset)
    except OSError as error:
        raise NotAccessible(
            f"cannot read {length} bytes at {offset} of {path}: {error.strerror or error}",
            hint="The disk that holds it may be failing: see the kernel's log.",
        ) from error


def require_inside(offset: int, length: int, size: int) -> None:
    """Raise ValueError for a range that is not inside a disk of `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise ValueError(f"bytes {offset} to {offset + length} are outside a disk of {size} bytes")
