"""Writing a guest view as a raw image: exactly its size, with holes where it has zeroes."""

from collections.abc import Iterator
from pathlib import Path

from imgkit.digests import CHUNK_BYTES
from imgkit.disks.ahead import work_ahead
from imgkit.files.sparse import SparseWriter
from imgkit.model.disk import ExtentKind
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress

_READERS = 2
_AHEAD = 4


def copy_sparsely(view: GuestView, target: Path, *, progress: Progress = NULL_PROGRESS, title: str = "Writing") -> None:
    """Write `target`, which must not exist. Nothing is durable yet when this returns. Raises NoRoom, NotAccessible."""
    with progress.bar(title, total=view.size) as bar, SparseWriter(target, size=view.size) as writer:
        ranges = (((offset, length), True) for offset, length in _data_ranges(view))
        reading = work_ahead(ranges, lambda each: view.read(*each), jobs=_READERS, ahead=_AHEAD, name="read")
        for (offset, _), content in reading:
            writer.skip(offset - writer.position)
            writer.write(memoryview(content))
            bar.set_done(writer.position)
        writer.skip(view.size - writer.position)
        writer.finish()
        bar.set_done(view.size)


def _data_ranges(view: GuestView) -> Iterator[tuple[int, int]]:
    for extent in view.extents():
        if extent.kind is ExtentKind.DATA:
            for offset in range(extent.start, extent.end, CHUNK_BYTES):
                yield offset, min(CHUNK_BYTES, extent.end - offset)
