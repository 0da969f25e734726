"""Holes where GNU tar stored zeroes: it writes whatever a sparse map calls data."""

from collections import deque

from imgkit.archives.tar_reader import Hole
from imgkit.files.sparse import DataFinder, SparseFile
from imgkit.units import MiB

_ON_THE_WAY_BYTES = 4 * MiB  # more than the pipe and GNU tar's own buffers hold


class Digging:
    """Makes holes of the pages of zeroes in a file that GNU tar writes, going behind it.

    It stays behind by more than what may lie in the pipe and in GNU tar's own buffers. What it leaves is read back and
    judged like all else.
    """

    def __init__(self, file: SparseFile) -> None:
        self._file = file
        self._finder = DataFinder(self._found)
        self._gaps: deque[tuple[int, int, int]] = deque()
        self._is_possible = True
        self._data_end = 0
        self._fed_bytes = 0

    def fed(self, run: memoryview | Hole) -> None:
        """GNU tar has been handed this part of the file; it need not have written it yet."""
        if isinstance(run, memoryview):
            self._finder.write(run)
            self._fed_bytes += len(run)
        else:
            self._pass_over(run.length)
        while self._gaps and self._gaps[0][0] + _ON_THE_WAY_BYTES <= self._fed_bytes:
            self._dig()

    def finish(self) -> None:
        """GNU tar has ended: the gap at the end of the file is one too."""
        self._finder.finish()
        self._gaps.append((0, self._data_end, self._file.size()))
        while self._gaps:
            self._dig()

    def _pass_over(self, length: int) -> None:
        """Of a hole GNU tar stores nothing: a disk of a million of them must not cost a call to the system for each."""
        start = self._finder.position
        self._finder.skip(length)
        self._take_note(min(start, self._finder.judged))
        self._data_end = max(self._data_end, start + length)

    def _found(self, offset: int, data: memoryview) -> None:
        self._take_note(offset)
        self._data_end = max(self._data_end, offset + len(data))

    def _take_note(self, end: int) -> None:
        """What was fed before this and is no data was zeroes."""
        if end > self._data_end:
            self._gaps.append((self._fed_bytes, self._data_end, end))

    def _dig(self) -> None:
        _, start, end = self._gaps.popleft()
        if end > start and self._is_possible:
            self._is_possible = self._file.dig(start, end)
