"""Unfinished files belong to the run that writes them: another one neither removes nor publishes them.

The lock is on the open file and ends with the process, however that ends; what a killed run left is nobody's.
"""

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from imgkit.errors import AlreadyAtWork

_NO_LOCKS_HERE = {errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EBADF}


def claim(handle: int, path: Path) -> None:
    """Lock an open file for as long as it stays open. Raises AlreadyAtWork where another run was quicker."""
    if not _lock(handle) or not _is_at(handle, path):
        raise AlreadyAtWork(
            f"another run is writing {path}", hint="Wait until it has ended, or choose another place with -o."
        )


def remove_abandoned(path: Path) -> None:
    """Remove what an earlier run left under this name. Raises AlreadyAtWork while a run is still writing it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # not there, a link, or somebody else's: unlinking says what is to be said
        path.unlink(missing_ok=True)
        return
    try:
        claim(handle, path)
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Say whether the lock was had; file systems without locks leave everything as it would be without this."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS_HERE
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Say whether an open file still has this name: another run may have removed it before it was locked."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    return False
