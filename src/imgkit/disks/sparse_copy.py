"""Writing a guest view as a raw image: exactly its size, with holes where it has zeroes."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from imgkit.digests import CHUNK_BYTES
from imgkit.files.sparse import SparseWriter
from imgkit.model.disk import ExtentKind
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress

_READERS = 2
_AHEAD = 4


def copy_sparsely(view: GuestView, target: Path, *, progress: Progress = NULL_PROGRESS, title: str = "Writing") -> None:
    """Write `target`, which must not exist. Nothing is durable yet when this returns. Raises NoRoom, NotAccessible."""
    with progress.bar(title, total=view.size) as bar, SparseWriter(target, size=view.size) as writer:
        for offset, content in _read_ahead(view):
            writer.skip(offset - writer.position)
            writer.write(memoryview(content))
            bar.set_done(writer.position)
        writer.skip(view.size - writer.position)
        writer.finish()
        bar.set_done(view.size)


def _read_ahead(view: GuestView) -> Iterator[tuple[int, bytes]]:
    """Yield the data of the view in order, a few reads ahead of the writing."""
    pending: deque[tuple[int, Future[bytes]]] = deque()
    with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
        try:
            for offset, length in _data_ranges(view):
                pending.append((offset, pool.submit(view.read, offset, length)))
                if len(pending) > _AHEAD:
                    yield _settle(pending.popleft())
            while pending:
                yield _settle(pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _settle(reading: tuple[int, Future[bytes]]) -> tuple[int, bytes]:
    offset, future = reading
    return offset, future.result()


def _data_ranges(view: GuestView) -> Iterator[tuple[int, int]]:
    for extent in view.extents():
        if extent.kind is ExtentKind.DATA:
            for offset in range(extent.start, extent.end, CHUNK_BYTES):
                yield offset, min(CHUNK_BYTES, extent.end - offset)
