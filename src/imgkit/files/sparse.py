"""Writing a disk image in order without storing its zeroes: pages of 4 KiB that hold nothing become holes."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imgkit.errors import AlreadyAtWork, LocalError, NoRoom, NotAccessible
from imgkit.files.claims import claim
from imgkit.files.closing import Closing
from imgkit.files.holes import dig_hole
from imgkit.units import KiB, MiB

PAGE_BYTES = 4 * KiB

_ZEROES = bytes(MiB)
_PIECE_BYTES = 64 * KiB
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_CANNOT = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}
_TOO_LARGE = {errno.EFBIG, errno.EOVERFLOW}


class DataFinder:
    """Takes a file from its start to its end and tells `on_data` of every run of pages that are not all zero.

    Pages are judged on the file's own 4 KiB grid however the bytes are cut, so that the same bytes always give the
    same runs. `data_bytes` counts them.
    """

    def __init__(self, on_data: Callable[[int, memoryview], None]) -> None:
        self._on_data = on_data
        self._tail = b""  # the begun page: always the bytes from the last page border up to `position`
        self.position = 0
        self.data_bytes = 0

    @property
    def judged(self) -> int:
        """How far `on_data` has been told of all that is no zero: up to the page that is begun."""
        return self.position - len(self._tail)

    def write(self, data: memoryview) -> None:
        """Append these bytes."""
        begin = self._fill_tail(data)
        whole = (len(data) - begin) // PAGE_BYTES * PAGE_BYTES
        for start, end in data_runs(data[begin : begin + whole]):
            self._found(self.position + begin + start, data[begin + start : begin + end])
        if begin + whole < len(data):
            self._tail = bytes(data[begin + whole :])
        self.position += len(data)

    def skip(self, length: int) -> None:
        """Append this many zeroes."""
        if self._tail:
            filling = min(length, PAGE_BYTES - len(self._tail))
            self.write(memoryview(_ZEROES)[:filling])
            length -= filling
        self.position += length
        self._tail = self._tail or bytes(self.position % PAGE_BYTES)

    def finish(self) -> None:
        """Tell of the page that is begun."""
        if not is_zero(self._tail):
            self._found(self.position - len(self._tail), memoryview(self._tail))
        self._tail = b""

    def _fill_tail(self, data: memoryview) -> int:
        """Complete the begun page; return how many bytes of `data` went into it."""
        if not self._tail:
            return 0
        taken = min(PAGE_BYTES - len(self._tail), len(data))
        self._tail += bytes(data[:taken])
        if len(self._tail) == PAGE_BYTES:
            if not is_zero(self._tail):
                self._found(self.position + taken - PAGE_BYTES, memoryview(self._tail))
            self._tail = b""
        return taken

    def _found(self, offset: int, data: memoryview) -> None:
        self.data_bytes += len(data)
        self._on_data(offset, data)


class SparseFile(Closing):
    """A new file that is written at offsets; what is not written is a hole. Raises NoRoom and NotAccessible.

    As long as it is open no other run takes it for abandoned.
    """

    def __init__(self, path: Path) -> None:
        """Create `path`; a file or link of that name must not exist. Raises AlreadyAtWork."""
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            self.handle = os.open(path, flags, 0o644)
        except OSError as error:
            raise local_error(error, path) from error
        try:
            claim(self.handle, path)
        except AlreadyAtWork:
            self.close()
            raise

    @contextmanager
    def open_again(self) -> Iterator[int]:
        """Give another opening of the file, for a program: in it our lock would outlive us."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        except OSError as error:
            raise local_error(error, self.path) from error
        try:
            if not os.path.samestat(os.fstat(handle), os.fstat(self.handle)):
                raise AlreadyAtWork(f"{self.path} was replaced", hint="Let no other program work in that folder.")
            yield handle
        finally:
            os.close(handle)

    def write_at(self, offset: int, data: memoryview) -> None:
        try:
            while data:
                written = os.pwrite(self.handle, data, offset)
                data, offset = data[written:], offset + written
        except OSError as error:
            raise local_error(error, self.path) from error

    def set_size(self, size: int) -> None:
        try:
            if size != self.size():
                self._set_size(size)
        except OSError as error:
            raise local_error(error, self.path) from error

    def _set_size(self, size: int) -> None:
        """Some drivers of FAT refuse to set a size, and take a byte behind the end all the same."""
        try:
            os.ftruncate(self.handle, size)
        except OSError as error:
            if error.errno not in _CANNOT or size < self.size():
                raise
            os.pwrite(self.handle, b"\0", size - 1)

    def size(self) -> int:
        return os.fstat(self.handle).st_size

    def dig(self, start: int, end: int) -> bool:
        """Make a hole of what is stored between two places; where that cannot be had, say so and leave it as it is."""
        return dig_hole(self.handle, start, end - start)

    def close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


class SparseWriter(Closing):
    """Writes a new file from its start to its end without storing its zeroes."""

    def __init__(self, path: Path, *, size: int | None = None) -> None:
        """Create `path`; with `size` it gets its full length at once, as one hole, where that can be had."""
        self._file = SparseFile(path)
        self._finder = DataFinder(self._file.write_at)
        if size is not None:
            with self._closed_on_error():
                self._file.set_size(size)

    @property
    def position(self) -> int:
        """How many bytes the file has so far."""
        return self._finder.position

    @property
    def data_bytes(self) -> int:
        """How many of them were stored."""
        return self._finder.data_bytes

    def write(self, data: memoryview) -> None:
        """Append these bytes."""
        self._finder.write(data)

    def skip(self, length: int) -> None:
        """Append this many zeroes."""
        self._finder.skip(length)

    def finish(self) -> None:
        """Write what is begun and give the file its exact size."""
        self._finder.finish()
        self._file.set_size(self._finder.position)

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise


def data_runs(data: memoryview) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of pages that are not all zero; pages are counted from the start of `data`."""
    start = None
    for page, zero in _pages(data):
        if zero and start is not None:
            yield start, page
            start = None
        elif not zero and start is None:
            start = page
    if start is not None:
        yield start, len(data)


def _pages(data: memoryview) -> Iterator[tuple[int, bool]]:
    """Yield where a page, or a whole piece of zeroes, starts, and whether it is zero.

    `startswith` compares memory to memory without copying; comparing two memoryviews looks at item after item.
    """
    for piece in range(0, len(data), _PIECE_BYTES):
        if _ZEROES.startswith(data[piece : piece + _PIECE_BYTES]):
            yield piece, True
            continue
        for page in range(piece, min(piece + _PIECE_BYTES, len(data)), PAGE_BYTES):
            yield page, _ZEROES.startswith(data[page : page + PAGE_BYTES])


def is_zero(data: memoryview | bytes) -> bool:
    """Say whether there is nothing but zeroes; compares memory to memory."""
    return all(_ZEROES.startswith(data[start : start + len(_ZEROES)]) for start in range(0, len(data), len(_ZEROES)))


def stored_runs(handle: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run that an open file really stores; the whole file where the system cannot tell."""
    position = 0
    while position < size:
        try:
            start = os.lseek(handle, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # which means: nothing but a hole up to the end
                yield position, size
            return
        position = min(os.lseek(handle, start, os.SEEK_HOLE), size)
        yield start, position


def local_error(error: OSError, path: Path) -> LocalError:
    """Return the error of ours for a failure to write `path`."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return NoRoom(f"no room left while writing {path}: {reason}", hint="Free some, or choose another disk with -o.")
    if error.errno in _TOO_LARGE:
        return NoRoom(
            f"the file system of {path} holds no file so large: {reason}",
            hint="Choose a file system for large files (ext4, XFS, APFS, NTFS) with -o.",
        )
    return NotAccessible(f"cannot write {path}: {reason}", hint="Choose a folder that you may write to with -o.")
