"""The SHA-256 of a file as it lies there, holes included but not read: what `sha256sum` prints."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from imgkit.digests import CHUNK_BYTES, ZERO_CHUNK
from imgkit.disks.guard import read_header
from imgkit.disks.raw_view import RawView
from imgkit.model.disk import ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import KiB

_PIECE_BYTES = 512 * KiB


def file_sha256(
    path: Path,
    *,
    progress: Progress = NULL_PROGRESS,
    title: str = "Hashing",
    check: Callable[[], None] = lambda: None,
) -> str:
    """Return the digest of all bytes of a file that is not empty; `check` is called on the way, and may raise."""
    over_all = hashlib.sha256()
    with RawView(read_header(path, stated=DiskFormat.RAW)) as view, progress.bar(title, total=view.size) as bar:
        for extent in view.extents():
            step = CHUNK_BYTES if extent.kind is ExtentKind.ZERO else _PIECE_BYTES
            for offset in range(extent.start, extent.end, step):
                length = min(step, extent.end - offset)
                is_zero = extent.kind is ExtentKind.ZERO
                over_all.update(memoryview(ZERO_CHUNK)[:length] if is_zero else view.read(offset, length))
                check()
                bar.set_done(offset + length)
    return over_all.hexdigest()
