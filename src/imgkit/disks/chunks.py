"""Digests of a guest view: chunk digests on all cores, and the flat SHA-256 in the same pass where it is wanted."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from imgkit.digests import CHUNK_BYTES, ZERO_CHUNK, ChunkDigests, chunk_count, chunk_length, zero_digest
from imgkit.disks.ahead import work_ahead
from imgkit.errors import Differs
from imgkit.model.disk import ExtentKind
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import KiB

_MAX_JOBS = 8  # each holds a few chunks: about 100 MB in all
CHUNKS_PER_JOB = 2
# malloc hands such a piece out again and again; 4 MiB come fresh from the kernel each time, which costs a page fault
# every 4 KiB.
_PIECE_BYTES = 512 * KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDigests:
    """`sha256` is the flat one over all bytes in order, empty where it was not asked for."""

    chunks: ChunkDigests
    sha256: str = ""


def take_chunk_digests(
    view: GuestView, *, progress: Progress = NULL_PROGRESS, jobs: int | None = None, title: str = "Hashing"
) -> ChunkDigests:
    """Return the SHA-256 of every chunk. Chunks that are known to be zeroes are not read."""
    return take_guest_digests(view, flat=False, progress=progress, jobs=jobs, title=title).chunks


def guest_sha256(view: GuestView, *, progress: Progress = NULL_PROGRESS) -> str:
    """Return the SHA-256 over all bytes of the guest view, the same as of its raw file."""
    return take_guest_digests(view, progress=progress).sha256


def take_guest_digests(
    view: GuestView,
    *,
    flat: bool = True,
    progress: Progress = NULL_PROGRESS,
    jobs: int | None = None,
    title: str = "Hashing",
) -> GuestDigests:
    """Take the chunk digests and, with `flat`, the SHA-256 over all bytes, which costs a pass over the zeroes too."""
    over_all = hashlib.sha256() if flat else None
    digests: list[bytes] = []
    with progress.bar(title, total=view.size) as bar:
        for number, digest, content in _hashed_chunks(view, jobs or usual_jobs(), keep=flat):
            digests.append(digest)
            if over_all is not None:
                over_all.update(content or memoryview(ZERO_CHUNK)[: chunk_length(view.size, number)])
            if content is not None or number % 256 == 0:
                bar.set_done(min((number + 1) * CHUNK_BYTES, view.size))
        bar.set_done(view.size)
    chunks = ChunkDigests(size=view.size, digests=tuple(digests))
    return GuestDigests(chunks=chunks, sha256=over_all.hexdigest() if over_all else "")


def pad_with_zeroes(chunks: ChunkDigests, view: GuestView, size: int) -> ChunkDigests:
    """Return the chunk digests of the view with zeroes behind it up to `size`.

    Formats that hold whole sectors pad a disk of odd size so, and hypervisors that want whole MiB or GiB. Raises
    Differs when the view's last chunk is not the one that `chunks` describes.
    """
    padding = size - chunks.size
    if padding == 0:
        return chunks
    last = chunk_count(chunks.size) - 1
    content = view.read(last * CHUNK_BYTES, chunk_length(chunks.size, last))
    if hashlib.sha256(content).digest() != chunks.digests[last]:
        raise Differs(
            f"the last chunk of the disk, at byte {last * CHUNK_BYTES}, is not the one whose digest was taken",
            hint="The source has changed since. Check it before anything is made from it: imgkit check.",
        )
    digest = hashlib.sha256(content + bytes(chunk_length(size, last) - len(content))).digest()
    zeroes = (zero_digest(chunk_length(size, number)) for number in range(last + 1, chunk_count(size)))
    return ChunkDigests(size=size, digests=(*chunks.digests[:last], digest, *zeroes))


def _hashed_chunks(view: GuestView, jobs: int, *, keep: bool) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield number, digest and, where it was read and `keep` is set, the content of every chunk, in order."""

    def read_and_hash(chunk: tuple[int, bool]) -> tuple[bytes, bytes | None]:
        number, has_data = chunk
        start, length = number * CHUNK_BYTES, chunk_length(view.size, number)
        if not has_data:
            return zero_digest(length), None
        if keep:
            content = view.read(start, length)
            return hashlib.sha256(content).digest(), content
        over_chunk = hashlib.sha256()
        for piece in pieces(view, start, length):
            over_chunk.update(piece)
        return over_chunk.digest(), b""

    chunks = (((number, has_data), has_data) for number, has_data in enumerate(chunks_with_data(view)))
    hashing = work_ahead(chunks, read_and_hash, jobs=jobs, ahead=jobs * CHUNKS_PER_JOB, name="hash")
    with closing(hashing):
        for (number, _), (digest, content) in hashing:
            yield number, digest, content


def pieces(view: GuestView, start: int, length: int) -> Iterator[bytes]:
    """Read a range in pieces of a size that costs least."""
    for place in range(start, start + length, _PIECE_BYTES):
        yield view.read(place, min(_PIECE_BYTES, start + length - place))


def usual_jobs() -> int:
    """Return how many threads read and hash at once."""
    return min(os.cpu_count() or 1, _MAX_JOBS)


def chunks_with_data(view: GuestView) -> Iterator[bool]:
    """Say of each chunk in order whether any of it is data."""
    number = 0
    for extent in view.extents():
        if extent.kind is not ExtentKind.DATA:
            continue
        first = extent.start // CHUNK_BYTES
        while number < first:
            yield False
            number += 1
        while number * CHUNK_BYTES < extent.end:
            yield True
            number += 1
    while number < chunk_count(view.size):
        yield False
        number += 1
