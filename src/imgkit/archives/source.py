"""The archive's own bytes, read once from front to end, following a download where one is still running."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imgkit.errors import NotAccessible
from imgkit.files.whole import open_evidence
from imgkit.ports import Frontier
from imgkit.units import KiB

READ_BYTES = 256 * KiB


class ArchiveSource:
    """The blocks of one archive. `total` is the size it has, or will have once its download is done.

    `on_read` is told how far it has been read.
    """

    def __init__(self, file: BinaryIO, path: Path, total: int, frontier: Frontier | None) -> None:
        self._file = file
        self._path = path
        self._frontier = frontier
        self.total = total
        self.position = 0
        self.on_read: Callable[[int], None] = lambda _: None

    def __iter__(self) -> Iterator[bytes]:
        while wanted := min(READ_BYTES, self._readable() - self.position):
            try:
                block = self._file.read(wanted)
            except OSError as error:
                raise _unreadable(self._path, error) from error
            if not block:
                return
            self.position += len(block)
            self.on_read(self.position)
            yield block

    def _readable(self) -> int:
        """Return how many bytes of the file may be read by now; waits where a download has not come further."""
        if self._frontier is None or self.position >= self.total:
            return self.total
        return self._frontier.wait_beyond(self.position)


@contextmanager
def open_source(path: Path, *, frontier: Frontier | None = None) -> Iterator[ArchiveSource]:
    """Open an archive for reading only, or the growing file of `frontier`. Raises NotAccessible."""
    if frontier is not None:
        frontier.wait_beyond(0)  # before its first bytes the file need not exist
    read_from = path if frontier is None else frontier.path
    try:
        file = open_evidence(read_from)
    except OSError as error:
        raise _unreadable(read_from, error) from error
    with file:
        total = _size(file) if frontier is None else frontier.total
        yield ArchiveSource(file, read_from, total, frontier)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


def _unreadable(path: Path, error: OSError) -> NotAccessible:
    return NotAccessible(
        f"cannot read {path}: {error.strerror or error}", hint="Check the path, its permissions and the disk it is on."
    )
