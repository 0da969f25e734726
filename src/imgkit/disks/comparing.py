"""Are two disks the same: by their chunk digests, or by reading both at once and hashing what they have in common once.

Bytes that were compared with each other need one hash and not two; the digests of both disks come out all the same.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, repeat

from imgkit.digests import CHUNK_BYTES, ChunkDigests, chunk_count, chunk_length, zero_digest
from imgkit.disks.ahead import work_ahead
from imgkit.disks.chunks import CHUNKS_PER_JOB, chunks_with_data, pieces, usual_jobs
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress

_REMEMBERED_DIFFERENCES = 16
_SHOWN_DIFFERENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`first_differing` are the numbers of the first chunks that differ, `differing` says how many do.

    Of disks of different sizes only the whole chunks that both have are counted.
    """

    size: int
    other_size: int
    differing: int
    first_differing: tuple[int, ...] = ()

    @property
    def is_equal(self) -> bool:
        return self.size == self.other_size and not self.differing

    def describe(self) -> str:
        """Return in words what differs."""
        if self.is_equal:
            return "equal"
        if self.size == self.other_size:
            return self._describe_chunks()
        sizes = f"{self.size} bytes against {self.other_size}"
        shared = min(self.size, self.other_size) // CHUNK_BYTES
        if not shared:
            return sizes
        differing = f"{self._count()}, {self._places()}" if self.differing else "none differs"
        return f"{sizes}; of the {shared} chunks of 4 MiB that both have whole, {differing}"

    def _describe_chunks(self) -> str:
        count = self._count().replace(" ", " chunk of 4 MiB " if self.differing == 1 else " chunks of 4 MiB ", 1)
        return f"{count}, {self._places()}"

    def _count(self) -> str:
        return "1 differs" if self.differing == 1 else f"{self.differing} differ"

    def _places(self) -> str:
        shown = self.first_differing[:_SHOWN_DIFFERENCES]
        places = ", ".join(str(number * CHUNK_BYTES) for number in shown)
        if self.differing == 1:
            return f"at byte {places}"
        return f"at bytes {places}" + (", …" if self.differing > len(shown) else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsCompared:
    """What `compare_views` found, and the chunk digests of both disks, which came along."""

    comparison: Comparison
    first: ChunkDigests
    second: ChunkDigests


def compare(first: ChunkDigests, second: ChunkDigests) -> Comparison:
    """Compare two guest views by their chunk digests."""
    differing = list(first.differing(second))
    if first.size != second.size:
        shared = min(first.size, second.size) // CHUNK_BYTES
        differing = [number for number in differing if number < shared]
    return Comparison(
        size=first.size,
        other_size=second.size,
        differing=len(differing),
        first_differing=tuple(differing[:_REMEMBERED_DIFFERENCES]),
    )


def compare_views(
    first: GuestView,
    second: GuestView,
    *,
    progress: Progress = NULL_PROGRESS,
    jobs: int | None = None,
    title: str = "Comparing",
) -> ViewsCompared:
    """Read two disks side by side, to the end, and return where they differ with the digests of both.

    What is known of both to be zeroes is not read.
    """

    def digests_of(chunk: tuple[int, bool]) -> tuple[bytes | None, bytes | None]:
        number, has_data = chunk
        return _read_both(first, second, number) if has_data else (_zeroes(first, number), _zeroes(second, number))

    jobs = jobs or usual_jobs()
    found: list[tuple[bytes | None, bytes | None]] = []
    size = max(first.size, second.size)
    chunks = (((number, has_data), has_data) for number, has_data in enumerate(_with_data_in_any(first, second)))
    with progress.bar(title, total=size) as bar:
        reading = work_ahead(chunks, digests_of, jobs=jobs, ahead=jobs * CHUNKS_PER_JOB, name="compare")
        with closing(reading):
            for (number, has_data), digests in reading:
                found.append(digests)
                if has_data or number % 256 == 0:
                    bar.set_done(min((number + 1) * CHUNK_BYTES, size))
        bar.set_done(size)
    of_first = ChunkDigests(size=first.size, digests=tuple(digest for digest, _ in found if digest is not None))
    of_second = ChunkDigests(size=second.size, digests=tuple(digest for _, digest in found if digest is not None))
    return ViewsCompared(comparison=compare(of_first, of_second), first=of_first, second=of_second)


def _with_data_in_any(first: GuestView, second: GuestView) -> Iterator[bool]:
    """Say of each chunk in order whether one of the two has data in it."""
    length = max(chunk_count(first.size), chunk_count(second.size))
    of_first = chain(chunks_with_data(first), repeat(False))
    of_second = chain(chunks_with_data(second), repeat(False))
    for _, one, other in zip(range(length), of_first, of_second, strict=False):
        yield one or other


def _read_both(first: GuestView, second: GuestView, number: int) -> tuple[bytes | None, bytes | None]:
    start = number * CHUNK_BYTES
    length = _length(first, number)
    if length != _length(second, number):
        return _read_one(first, number), _read_one(second, number)
    over_both = hashlib.sha256()
    for one, other in zip(pieces(first, start, length), pieces(second, start, length), strict=True):
        if one != other:
            return _read_one(first, number), _read_one(second, number)
        over_both.update(one)
    return (over_both.digest(),) * 2


def _read_one(view: GuestView, number: int) -> bytes | None:
    length = _length(view, number)
    if not length:
        return None
    over_chunk = hashlib.sha256()
    for piece in pieces(view, number * CHUNK_BYTES, length):
        over_chunk.update(piece)
    return over_chunk.digest()


def _zeroes(view: GuestView, number: int) -> bytes | None:
    length = _length(view, number)
    return zero_digest(length) if length else None


def _length(view: GuestView, number: int) -> int:
    """Return the length of a chunk, 0 behind the disk's end."""
    return max(0, chunk_length(view.size, number))
