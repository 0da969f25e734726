"""Writing a guest view as a raw image: exactly its size, with holes where it has zeroes."""

import hashlib
from contextlib import closing
from pathlib import Path

from imgkit.digests import CHUNK_BYTES, ChunkDigests, chunk_length, zero_digest
from imgkit.disks.ahead import work_ahead
from imgkit.disks.chunks import chunks_with_data, usual_jobs
from imgkit.files.sparse import SparseWriter
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress

_AHEAD = 4


def copy_sparsely(
    view: GuestView, target: Path, *, progress: Progress = NULL_PROGRESS, title: str = "Writing"
) -> ChunkDigests:
    """Write `target`, which must not exist, and return the chunk digests of what was read.

    Nothing is durable yet when this returns. Raises NoRoom, NotAccessible, and what the view raises.
    """

    def read_and_hash(chunk: tuple[int, bool]) -> tuple[bytes, bytes]:
        number, has_data = chunk
        length = chunk_length(view.size, number)
        if not has_data:
            return zero_digest(length), b""
        content = view.read(number * CHUNK_BYTES, length)
        return hashlib.sha256(content).digest(), content

    chunks = (((number, has_data), has_data) for number, has_data in enumerate(chunks_with_data(view)))
    digests: list[bytes] = []
    with progress.bar(title, total=view.size) as bar, SparseWriter(target, size=view.size) as writer:
        reading = work_ahead(chunks, read_and_hash, jobs=usual_jobs(), ahead=_AHEAD, name="read")
        with closing(reading):
            for (number, has_data), (digest, content) in reading:
                digests.append(digest)
                if has_data:
                    writer.skip(number * CHUNK_BYTES - writer.position)
                    writer.write(memoryview(content))
                    bar.set_done(writer.position)
        writer.skip(view.size - writer.position)
        writer.finish()
        bar.set_done(view.size)
    return ChunkDigests(size=view.size, digests=tuple(digests))
