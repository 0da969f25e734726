"""One writer at a time: an advisory lock that the kernel drops when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imgkit.errors import AlreadyAtWork


@contextmanager
def exclusive_lock(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock file `path`; raises AlreadyAtWork, naming the other process, when somebody else has it.

    The file stays: removing it would let a third process lock a file that the second no longer sees.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(handle, what) from error
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def shared_lock(path: Path, *, what: str) -> Iterator[None]:
    """Keep writers away while there is something to read, without a trace: a lock file that is not there is not made.

    Raises AlreadyAtWork while somebody writes.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # without one, or with one that we may not open, there is nothing to hold
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(handle, what) from error
        except OSError:  # this file system has no locks
            pass
        yield
    finally:
        os.close(handle)


def _taken(handle: int, what: str) -> AlreadyAtWork:
    """Name the process where it is still there: whoever only reads leaves the number of the last writer."""
    holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    named = f" (process {holder})" if holder.isdigit() and _is_there(int(holder)) else ""
    return AlreadyAtWork(
        f"another imgkit run{named} is at work on {what}",
        hint="Wait for it, or end it; what it finished is kept, and the same command goes on from there.",
    )


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return pid > 0
