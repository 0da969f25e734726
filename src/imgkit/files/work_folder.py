"""A folder beside a result, for what is not finished; nothing of it is left at the end, and one run has it alone."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imgkit.errors import AlreadyAtWork
from imgkit.files.sparse import local_error
from imgkit.files.whole import PARTIAL_SUFFIX


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder on the target's own file system. What a killed run left of it is removed first.

    Raises AlreadyAtWork when another run has it, NoRoom, NotAccessible.
    """
    folder = target.with_name(target.name + PARTIAL_SUFFIX)
    try:
        handle = _take(folder, target)
    except OSError as error:
        raise local_error(error, target) from error
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(handle)  # not before: the next run must not find the folder half removed


def _take(folder: Path, target: Path) -> int:
    """Return the open and locked folder, empty. The kernel drops the lock of a run that is killed."""
    while True:
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink(missing_ok=True)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            _lock(handle, target)
            if _is_still(folder, handle):  # else another run ended in between, and removed it
                for path in folder.iterdir():
                    _remove(path)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int, target: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyAtWork(
            f"another imgkit run is making {target} at this moment",
            hint="Wait for it, or give this result another name.",
        ) from error
    except OSError:
        return  # some network file systems lock no folders; there is nothing better to do


def _is_still(folder: Path, handle: int) -> bool:
    try:
        return os.path.samestat(folder.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
