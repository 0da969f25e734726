"""Where a disk's bytes go: to a sparse file, to its chunk digests and to its SHA-256, each overlapping the others.

Zeroes are told from data where the bytes come from, while they lie in that core's cache. What is handed on is data
alone: the SHA-256 goes over zeroes of its own, which lie in its core's cache already.
"""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from imgkit.archives.chunk_hasher import ChunkHasher
from imgkit.archives.lane import Lane
from imgkit.archives.tar_reader import Hole
from imgkit.digests import ChunkDigests
from imgkit.files.sparse import DataFinder
from imgkit.units import KiB, MiB

Run = memoryview | Hole

_ZEROES = memoryview(bytes(256 * KiB))
_SMALL_BYTES = 32 * KiB  # runs up to this are joined: a disk of a million extents must not cost a step for each
_GATHERED_BYTES = 256 * KiB
_BATCH_BYTES = 512 * KiB
_LONGEST_STEP = 32 * MiB  # so far may the hashing lag behind, and so much of a hole is hashed before it can be stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Sunk:
    """What became of a disk's bytes."""

    size: int
    chunks: ChunkDigests
    sha256: str
    data_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Runs of data, each with its offset; what lies between them, and from the last one up to `end`, is zero."""

    runs: tuple[tuple[int, memoryview], ...]
    end: int


class DiskSink:
    """Takes a disk from its start to its end; leaving the block ends the threads.

    `store` is told of the runs that hold data. `check_size` is asked before the disk grows to a size, and raises what
    it must.
    """

    def __init__(
        self, store: Callable[[int, memoryview], None], *, check_size: Callable[[int], None] = lambda _: None
    ) -> None:
        self._store: Callable[[int, memoryview], None] | None = store
        self._check_size = check_size
        self._size = 0
        self._small = bytearray()
        self._finder = DataFinder(self._on_data)
        self._runs: list[tuple[int, memoryview]] = []
        self._gathered_bytes = 0
        self._handed_over = 0
        self._flat = hashlib.sha256()
        self._hashed = 0
        self._chunks = ChunkHasher()
        self._lanes = ExitStack()
        self._hashing = self._lanes.enter_context(Lane("sha256", self._hash))
        self._keeping = self._lanes.enter_context(Lane("disk", self._keep))

    def hash_only(self) -> None:
        """Store nothing from now on: somebody else writes the file."""
        self._store = None

    def take(self, run: Run) -> None:
        """Append data or a hole."""
        length = len(run) if isinstance(run, memoryview) else run.length
        self._check_size(self._size + length)
        self._size += length
        if length > _SMALL_BYTES:
            self._pass_on_small()
            self._pass_on(run)
            return
        self._small += run if isinstance(run, memoryview) else bytes(length)
        if len(self._small) >= _GATHERED_BYTES:
            self._pass_on_small()

    def finish(self) -> Sunk:
        """Wait until all is written and hashed."""
        self._pass_on_small()
        self._finder.finish()
        self._hand_over(self._size)
        self._keeping.finish()
        self._hashing.finish()
        return Sunk(
            size=self._size,
            chunks=self._chunks.finish(self._size),
            sha256=self._flat.hexdigest(),
            data_bytes=self._finder.data_bytes,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lanes.close()

    def _pass_on_small(self) -> None:
        if self._small:
            self._pass_on(memoryview(bytes(self._small)))
            self._small.clear()

    def _pass_on(self, run: Run) -> None:
        if isinstance(run, memoryview):
            self._finder.write(run)
        else:
            self._finder.skip(run.length)
        judged = self._finder.judged
        if self._gathered_bytes >= _BATCH_BYTES or judged - self._handed_over >= _LONGEST_STEP:
            self._hand_over(judged)

    def _on_data(self, offset: int, data: memoryview) -> None:
        """Keep a run; a small one by copying it, because it would keep the whole block around it in memory."""
        self._runs.append((offset, data if len(data) >= _GATHERED_BYTES else memoryview(bytes(data))))
        self._gathered_bytes += len(data)

    def _hand_over(self, end: int) -> None:
        """Send what was gathered to both lanes, and a long hole behind it step by step."""
        first = min(end, max(self._handed_over + _LONGEST_STEP, self._data_end()))
        batch = Batch(runs=tuple(self._runs), end=first)
        if batch.runs:
            self._keeping.put(batch, self._gathered_bytes)
        self._hashing.put(batch, self._gathered_bytes)
        for step in range(first, end, _LONGEST_STEP):
            self._hashing.put(Batch(runs=(), end=min(step + _LONGEST_STEP, end)))
        self._runs.clear()
        self._gathered_bytes = 0
        self._handed_over = end

    def _data_end(self) -> int:
        if not self._runs:
            return 0
        offset, data = self._runs[-1]
        return offset + len(data)

    def _hash(self, batch: Batch) -> None:
        for offset, data in batch.runs:
            self._hash_zeroes(offset)
            self._flat.update(data)
            self._hashed += len(data)
        self._hash_zeroes(batch.end)

    def _hash_zeroes(self, up_to: int) -> None:
        while self._hashed < up_to:
            piece = _ZEROES[: up_to - self._hashed]
            self._flat.update(piece)
            self._hashed += len(piece)

    def _keep(self, batch: Batch) -> None:
        for offset, data in batch.runs:
            if self._store is not None:
                self._store(offset, data)
            self._chunks.data(offset, data)
