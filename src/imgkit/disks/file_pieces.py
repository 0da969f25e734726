"""A whole file read once: its SHA-256, and the CRC-64 of each of its pieces and of the whole.

The SHA-256 of a file goes from front to end in one thread; reading and the CRC-64s run ahead of it in others.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from imgkit.digests import combine_all_crc64, combine_crc64, crc64
from imgkit.disks.ahead import work_ahead
from imgkit.errors import Differs
from imgkit.files.whole import open_evidence
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import MiB

_BLOCK_BYTES = MiB
_THREADS = 2
_AHEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPieces:
    """`pieces` are the CRC-64s of the file's pieces in order, `crc64` is that of all of it."""

    size: int
    sha256: str
    crc64: int
    pieces: tuple[int, ...]


def measure_pieces(
    path: Path, piece_bytes: int, *, progress: Progress = NULL_PROGRESS, title: str = ""
) -> MeasuredPieces:
    """Read a file once. Raises OSError, and Differs where it becomes shorter meanwhile."""
    over_all, pieces = hashlib.sha256(), [0]
    with open_evidence(path) as file:
        size = os.fstat(file.fileno()).st_size
        reading = _Reading(file.fileno(), path)
        blocks = ((block, True) for block in _blocks(size, piece_bytes))
        taken = work_ahead(blocks, reading.take, jobs=_THREADS, ahead=_AHEAD, name="read")
        with progress.bar(title or path.name, total=size) as bar, closing(taken):
            for (start, length), (buffer, crc) in taken:
                if start and start % piece_bytes == 0:
                    pieces.append(0)
                over_all.update(buffer[:length])
                reading.give_back(buffer)
                pieces[-1] = combine_crc64(pieces[-1], crc, length)
                bar.set_done(start + length)
    lengths = [min(piece_bytes, size - start) for start in range(0, size, piece_bytes)]
    whole = combine_all_crc64(list(zip(pieces, lengths, strict=False)))  # an empty file has no piece
    return MeasuredPieces(size=size, sha256=over_all.hexdigest(), crc64=whole, pieces=tuple(pieces[: len(lengths)]))


def _blocks(size: int, piece_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield start and length of what is read at once: no block crosses the border of two pieces."""
    for piece in range(0, size, piece_bytes):
        end = min(size, piece + piece_bytes)
        for start in range(piece, end, _BLOCK_BYTES):
            yield start, min(_BLOCK_BYTES, end - start)


class _Reading:
    """Reads blocks into buffers that are used again and again: there is always one more of them than is asked for."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle = handle
        self._path = path
        self._buffers: SimpleQueue[memoryview] = SimpleQueue()
        for _ in range(_AHEAD + 2):
            self._buffers.put(memoryview(bytearray(_BLOCK_BYTES)))

    def take(self, block: tuple[int, int]) -> tuple[memoryview, int]:
        start, length = block
        buffer = self._buffers.get()
        have = 0
        while have < length:
            count = os.preadv(self._handle, [buffer[have:length]], start + have)
            if not count:
                raise Differs(
                    f"{self._path} ends at byte {start + have}, and was longer when it was opened",
                    hint="Something else writes to it: make a copy that nobody touches, and start again.",
                )
            have += count
        return buffer, crc64(buffer[:length])

    def give_back(self, buffer: memoryview) -> None:
        self._buffers.put(buffer)
