"""Reading a disk chunk by chunk, on all cores: its digests, and its blocks compressed, in one pass."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from imgkit.digests import CHUNK_BYTES, ChunkDigests, chunk_length, zero_digest
from imgkit.disks.ahead import work_ahead
from imgkit.disks.chunks import CHUNKS_PER_JOB, chunks_with_data, usual_jobs
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import KiB

BLOCK_BYTES = 64 * KiB
BLOCKS_EACH_CHUNK = CHUNK_BYTES // BLOCK_BYTES

_ZEROES = bytes(BLOCK_BYTES)

Pack = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedChunk:
    """One chunk of the disk. `blocks` has what `pack` made of each block, None for one of zeroes.

    It is empty for a chunk of zeroes. The disk's last block is filled with zeroes before it is packed.
    """

    number: int
    digest: bytes
    blocks: tuple[bytes | None, ...] = ()


def pack_chunks(
    view: GuestView,
    new_packer: Callable[[], Pack],
    take: Callable[[PackedChunk], None],
    *,
    progress: Progress = NULL_PROGRESS,
    title: str = "Writing",
) -> ChunkDigests:
    """Give every chunk to `take`, in order, and return the chunk digests of the disk.

    `new_packer` is called for each chunk, because compressors are not for several threads.
    """

    def work(chunk: tuple[int, bool]) -> PackedChunk:
        number, has_data = chunk
        length = chunk_length(view.size, number)
        if not has_data:
            return PackedChunk(number=number, digest=zero_digest(length))
        content = view.read(number * CHUNK_BYTES, length)
        return PackedChunk(
            number=number, digest=hashlib.sha256(content).digest(), blocks=_packed(content, new_packer())
        )

    jobs = usual_jobs()
    digests: list[bytes] = []
    chunks = (((number, has_data), has_data) for number, has_data in enumerate(chunks_with_data(view)))
    with progress.bar(title, total=view.size) as bar:
        working = work_ahead(chunks, work, jobs=jobs, ahead=jobs * CHUNKS_PER_JOB, name="pack")
        with closing(working):
            for (number, has_data), packed in working:
                digests.append(packed.digest)
                take(packed)
                if has_data or number % 256 == 0:
                    bar.set_done(min((number + 1) * CHUNK_BYTES, view.size))
        bar.set_done(view.size)
    return ChunkDigests(size=view.size, digests=tuple(digests))


def _packed(content: bytes, pack: Pack) -> tuple[bytes | None, ...]:
    blocks: list[bytes | None] = []
    for start in range(0, len(content), BLOCK_BYTES):
        block = content[start : start + BLOCK_BYTES]
        if len(block) < BLOCK_BYTES:
            block = block.ljust(BLOCK_BYTES, b"\0")
        blocks.append(None if block == _ZEROES else pack(block))
    return tuple(blocks) if any(block is not None for block in blocks) else ()
