"""Stretches of disks to read from: a whole disk, a part of it, a logical volume put together from several parts."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from imgkit.errors import CannotLookInside
from imgkit.units import KiB, MiB

_CHUNK_BYTES = 32 * KiB
_CHUNKS_KEPT = 8 * MiB // _CHUNK_BYTES


class Bytes(Protocol):
    """Bytes by offset; what lies beyond the end raises CannotLookInside."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes."""
        ...


class Window:
    """A stretch of a disk, such as a partition; one that claims more than the disk has ends with the disk."""

    def __init__(self, source: Bytes, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self._size = max(0, min(size, source.size - start))

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        require_inside(offset, length, self._size)
        return self._source.read(self._start + offset, length)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `start` to `start + size` of a volume; they lie at `offset` of `source`."""

    start: int
    size: int
    source: Bytes
    offset: int


class Joined:
    """A volume put together from pieces, in order and without gaps."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = tuple(pieces)
        self._starts = [piece.start for piece in pieces]
        self._size = pieces[-1].start + pieces[-1].size if pieces else 0

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        require_inside(offset, length, self._size)
        parts: list[bytes] = []
        index = bisect_right(self._starts, offset) - 1
        while length:
            piece = self._pieces[index]
            inside = offset - piece.start
            count = min(length, piece.size - inside)
            parts.append(piece.source.read(piece.offset + inside, count))
            offset, length, index = offset + count, length - count, index + 1
        return b"".join(parts)


class Striped:
    """A volume whose stripes lie on several sources in turns."""

    def __init__(self, sources: Sequence[Bytes], stripe_bytes: int, size: int) -> None:
        self._sources = tuple(sources)
        self._stripe_bytes = stripe_bytes
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        require_inside(offset, length, self._size)
        parts: list[bytes] = []
        while length:
            stripe, inside = divmod(offset, self._stripe_bytes)
            row, column = divmod(stripe, len(self._sources))
            count = min(length, self._stripe_bytes - inside)
            parts.append(self._sources[column].read(row * self._stripe_bytes + inside, count))
            offset, length = offset + count, length - count
        return b"".join(parts)


class Cached:
    """Keeps the chunks read last: the structures of a file system lie close to each other and are read in crumbs."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        self._chunks: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        return self._source.size

    def read(self, offset: int, length: int) -> bytes:
        number, inside = divmod(offset, _CHUNK_BYTES)
        if inside + length <= _CHUNK_BYTES and offset >= 0:
            found = self._chunk(number)[inside : inside + length]
            if len(found) == length:
                return found
        require_inside(offset, length, self.size)
        return self._source.read(offset, length)

    def read_through(self, offset: int, length: int) -> bytes:
        """Read without keeping: the content of files."""
        require_inside(offset, length, self.size)
        return self._source.read(offset, length)

    def _chunk(self, number: int) -> bytes:
        found = self._chunks.get(number)
        if found is not None:
            self._chunks.move_to_end(number)
            return found
        start = number * _CHUNK_BYTES
        made = self._source.read(start, max(0, min(_CHUNK_BYTES, self.size - start))) if start < self.size else b""
        self._chunks[number] = made
        if len(self._chunks) > _CHUNKS_KEPT:
            self._chunks.popitem(last=False)
        return made


def require_inside(offset: int, length: int, size: int) -> None:
    """Raise CannotLookInside for what lies beyond the end of a volume of `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise CannotLookInside(f"bytes {offset} to {offset + length} lie outside a volume of {size} bytes")
