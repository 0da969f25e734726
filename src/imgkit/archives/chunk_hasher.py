"""Chunk digests of a disk from its data alone: what is not handed over is zero, and costs nothing."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from imgkit.digests import CHUNK_BYTES, ZERO_CHUNK, ChunkDigests, chunk_count, chunk_length, zero_digest
from imgkit.files.sparse import stored_runs
from imgkit.units import KiB

_READ_BYTES = 512 * KiB
_MOST_JOBS = 8


class ChunkHasher:
    """Takes runs of data in the order of their offsets."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []
        self._open: hashlib._Hash | None = None
        self._filled = 0  # how far the open chunk has been hashed

    def data(self, offset: int, data: memoryview) -> None:
        while data:
            number, into = divmod(offset, CHUNK_BYTES)
            piece = data[: CHUNK_BYTES - into]
            self._open_chunk(number)
            self._hash_zeroes(into)
            self._hash(piece)
            data, offset = data[len(piece) :], offset + len(piece)

    def finish(self, size: int) -> ChunkDigests:
        """Return the digests of the whole disk."""
        last = chunk_length(size, len(self._digests))
        if self._open is not None:
            self._close_chunk(last)
        whole, rest = divmod(size, CHUNK_BYTES)
        self._add_zero_chunks(whole)
        if rest and len(self._digests) == whole:
            self._digests.append(zero_digest(rest))
        return ChunkDigests(size=size, digests=tuple(self._digests))

    def _open_chunk(self, number: int) -> None:
        if self._open is not None and number == len(self._digests):
            return
        if self._open is not None:
            self._close_chunk(CHUNK_BYTES)
        self._add_zero_chunks(number)
        self._open = hashlib.sha256()
        self._filled = 0

    def _close_chunk(self, length: int) -> None:
        self._hash_zeroes(length)
        assert self._open is not None
        self._digests.append(self._open.digest())
        self._open = None

    def _add_zero_chunks(self, up_to: int) -> None:
        self._digests.extend([zero_digest()] * (up_to - len(self._digests)))

    def _hash_zeroes(self, up_to: int) -> None:
        self._hash(memoryview(ZERO_CHUNK)[: up_to - self._filled])

    def _hash(self, data: memoryview) -> None:
        assert self._open is not None
        self._open.update(data)
        self._filled += len(data)


def hash_stored(handle: int, *, jobs: int | None = None) -> ChunkDigests:
    """Return the chunk digests of an open file as it stands on the disk, on all cores; its holes are not read."""
    size = os.fstat(handle).st_size
    digests = [zero_digest(chunk_length(size, number)) for number in range(chunk_count(size))]
    stored = _stored_chunks(handle, size)
    with ThreadPoolExecutor(max_workers=min(jobs or os.cpu_count() or 1, _MOST_JOBS)) as pool:
        for number, digest in pool.map(lambda number: (number, _hash_chunk(handle, number, size)), stored):
            digests[number] = digest
    return ChunkDigests(size=size, digests=tuple(digests))


def _stored_chunks(handle: int, size: int) -> Sequence[int]:
    numbers: list[int] = []
    for start, end in stored_runs(handle, size):
        first = max(start // CHUNK_BYTES, numbers[-1] + 1 if numbers else 0)
        numbers.extend(range(first, (end - 1) // CHUNK_BYTES + 1))
    return numbers


def _hash_chunk(handle: int, number: int, size: int) -> bytes:
    digest = hashlib.sha256()
    start = number * CHUNK_BYTES
    end = start + chunk_length(size, number)
    while start < end:
        block = os.pread(handle, min(_READ_BYTES, end - start), start)
        if not block:
            break
        digest.update(block)
        start += len(block)
    return digest.digest()
