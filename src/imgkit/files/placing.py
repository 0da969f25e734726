"""A file under a second name: sharing its blocks, sharing the file itself, or as a sparse copy."""

import contextlib
import errno
import fcntl
import os
import stat
from enum import StrEnum
from pathlib import Path

from imgkit.errors import NotAccessible
from imgkit.files.sparse import SparseFile, stored_runs
from imgkit.files.whole import open_evidence
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import MiB

_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_BLOCK_BYTES = 4 * MiB
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}


class Placing(StrEnum):
    """How a file came to its second name. Of the first two nothing was written, so nothing can have gone wrong."""

    SHARED = "shares its blocks"
    LINKED = "hard link"
    COPIED = "copied"


def place_without_copying(source: Path, target: Path) -> Placing | None:
    """Give a file a second name that takes no room; None where this file system or these rights allow none.

    Shared blocks come first: a hard link is the same file, and whoever changes one changes both.
    """
    if _share_blocks(source, target):
        return Placing.SHARED
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return None
        raise
    return Placing.LINKED


def copy_with_holes(source: Path, target: Path, *, progress: Progress = NULL_PROGRESS) -> Placing:
    """Copy what a file stores, durably; what is a hole stays one. Raises OSError, NoRoom, NotAccessible.

    What was written is let go out of memory, so that whoever reads it next reads the disk.
    """
    with open_evidence(source) as original, SparseFile(target) as copy:
        size = os.fstat(original.fileno()).st_size
        with progress.bar(f"copying {source.name}", total=size) as bar:
            copy.set_size(size)
            for start, end in stored_runs(original.fileno(), size):
                _copy_run(original.fileno(), copy, start, end)
                bar.set_done(end)
            bar.set_done(size)
        os.fsync(copy.handle)
        with contextlib.suppress(OSError, AttributeError):
            os.posix_fadvise(copy.handle, 0, 0, os.POSIX_FADV_DONTNEED)
    return Placing.COPIED


def require_regular(path: Path) -> os.stat_result:
    """Return what the system says of a file. Raises NotAccessible for a link, a folder, a pipe, and where it is not."""
    try:
        found = path.lstat()
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror}", hint="Check the set: imgkit check.") from error
    if not stat.S_ISREG(found.st_mode):
        raise NotAccessible(f"{path} is no regular file", hint="Put the file itself in its place.")
    return found


def _copy_run(handle: int, copy: SparseFile, start: int, end: int) -> None:
    while start < end:
        block = os.pread(handle, min(_BLOCK_BYTES, end - start), start)
        if not block:
            raise OSError(errno.EIO, "the file became shorter while it was copied")
        copy.write_at(start, memoryview(block))
        start += len(block)


def _share_blocks(source: Path, target: Path) -> bool:
    try:
        with open_evidence(source) as original, SparseFile(target) as copy:
            fcntl.ioctl(copy.handle, _FICLONE, original.fileno())
            os.fsync(copy.handle)
    except OSError:  # most file systems share no blocks
        target.unlink(missing_ok=True)
        return False
    return True
