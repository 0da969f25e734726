"""Large files piece by piece or line by line: what was read is never in memory as a whole, and has its digest."""

import hashlib
from collections.abc import Iterator

from imgkit.facts.guest import Guest
from imgkit.model.fact import Source
from imgkit.units import KiB

LONGEST_LINE = 64 * KiB
MOST_LINES = 5_000_000


class FileStream:
    """One pass over a file's first `limit` bytes. Whoever ends early has read no more, and the source says so."""

    def __init__(self, guest: Guest, path: bytes, *, limit: int) -> None:
        self._guest = guest
        self._path = path
        self._limit = limit
        self._digest = hashlib.sha256()
        self._size = 0
        self._truncated = False
        self._ended = False

    @property
    def source(self) -> Source:
        """What was read so far."""
        return Source(
            tree=self._guest.label,
            path=self._path,
            sha256=self._digest.hexdigest(),
            size=self._size,
            truncated=self._truncated or not self._ended,
        )

    def parts(self) -> Iterator[bytes]:
        """Yield the file in pieces. Raises NoSuchPathInside, CannotLookInside."""
        for part in self._guest.parts(self._path, limit=self._limit + 1):
            kept = part[: self._limit - self._size]
            self._truncated = self._truncated or len(kept) < len(part)
            self._digest.update(kept)
            self._size += len(kept)
            yield kept
        self._ended = True


class LineStream(FileStream):
    """The lines of a file; one that is very long is given without its end."""

    def __init__(self, guest: Guest, path: bytes, *, limit: int, most_lines: int = MOST_LINES) -> None:
        super().__init__(guest, path, limit=limit)
        self._lines_left = most_lines

    def __iter__(self) -> Iterator[bytes]:
        """Yield lines without their ends. Raises NoSuchPathInside, CannotLookInside."""
        waiting = b""
        for part in self.parts():
            *lines, rest = part.split(b"\n")
            for line in lines:
                yield (waiting + line)[:LONGEST_LINE] if waiting else line[:LONGEST_LINE]
                waiting = b""
            waiting = (waiting + rest)[:LONGEST_LINE]
            self._lines_left -= len(lines)
            if self._lines_left <= 0:
                return
        if waiting:
            yield waiting
