"""Where a disk's bytes go: to a sparse file, to its chunk digests and to its SHA-256, each overlapping the others."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from imgkit.archives.chunk_hasher import ChunkHasher
from imgkit.archives.lane import Lane
from imgkit.archives.tar_reader import Hole
from imgkit.digests import ChunkDigests
from imgkit.files.sparse import DataFinder
from imgkit.units import GiB, KiB, MiB

Run = memoryview | Hole

_ZEROES = memoryview(bytes(MiB))
_SMALL_BYTES = 32 * KiB  # runs up to this are joined: a disk of a million extents must not cost a step for each
_GATHERED_BYTES = 256 * KiB
_LONGEST_HOLE = GiB  # a lane can be ended only between two items


@dataclass(frozen=True, slots=True, kw_only=True)
class Sunk:
    """What became of a disk's bytes."""

    size: int
    chunks: ChunkDigests
    sha256: str
    data_bytes: int


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
        self._flat = hashlib.sha256()
        self._chunks = ChunkHasher()
        self._finder = DataFinder(self._on_data)
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
        self._keeping.finish()
        self._finder.finish()
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
        self._keeping.put(run)
        for piece in _pieces(run):
            self._hashing.put(piece)

    def _hash(self, run: Run) -> None:
        if isinstance(run, memoryview):
            self._flat.update(run)
            return
        for start in range(0, run.length, len(_ZEROES)):
            self._flat.update(_ZEROES[: run.length - start])

    def _keep(self, run: Run) -> None:
        if isinstance(run, memoryview):
            self._finder.write(run)
        else:
            self._finder.skip(run.length)

    def _on_data(self, offset: int, data: memoryview) -> None:
        if self._store is not None:
            self._store(offset, data)
        self._chunks.data(offset, data)


def _pieces(run: Run) -> Iterator[Run]:
    if isinstance(run, memoryview):
        yield run
        return
    for start in range(0, run.length, _LONGEST_HOLE):
        yield Hole(length=min(_LONGEST_HOLE, run.length - start))
