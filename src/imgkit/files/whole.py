"""Files that appear only when they are whole: written beside the target, made durable, then renamed."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imgkit.errors import AlreadyAtWork, TargetExists
from imgkit.files.claims import remove_abandoned
from imgkit.interruptions import begin_completing
from imgkit.opening import open_evidence as open_evidence  # noqa: PLC0414  # asked for here by all who also write
from imgkit.opening import read_evidence as read_evidence  # noqa: PLC0414

_LOCK_SECONDS, _LOCK_PAUSE_SECONDS = 30.0, 0.02  # a record is locked for the moment of one line
PARTIAL_SUFFIX = ".imgkit-partial"


@contextmanager
def partial_path(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a path beside `target` to write to; at the end it is made durable and takes the target's name.

    On any error nothing is left under either name. Raises TargetExists when the target is there and `overwrite` is not
    set; also when it came into being meanwhile. Raises AlreadyAtWork while another run writes there.
    """
    refuse_existing(target, overwrite=overwrite)
    with unfinished(target) as partial:
        yield partial
        sync_file(partial)
        publish(partial, target, overwrite=overwrite)


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to; on any error nothing is left there.

    Raises AlreadyAtWork while another run writes there.
    """
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    remove_abandoned(partial)
    try:
        yield partial
    except AlreadyAtWork:  # what lies there is the other run's
        raise
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


@contextmanager
def folder_for_results(folder: Path) -> Iterator[Path]:
    """Make a folder, and on any error take it away again, with those above it that were made, where it is empty."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):
            for each in made:
                each.rmdir()
        raise


def publish(partial: Path, target: Path, *, overwrite: bool = False) -> None:
    """Give a finished, synced file its final name. Raises TargetExists instead of replacing what is there."""
    refuse_existing(target, overwrite=overwrite)
    begin_completing()
    partial.replace(target)
    sync_folder(target.parent)


def refuse_existing(target: Path, *, overwrite: bool = False) -> None:
    """Raise TargetExists when something has that name already."""
    if not overwrite and os.path.lexists(target):
        raise TargetExists(
            f"{target} exists already", hint="Choose another place with -o, or overwrite it with --force."
        )


def write_bytes_durably(target: Path, content: bytes) -> None:
    """Replace a small file atomically: readers see the old content or the new, also after a power cut."""
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    partial.unlink(missing_ok=True)
    try:
        with open(partial, "wb", opener=_open_unlinked) as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def append_durably(target: Path, line: bytes) -> None:
    """Append one record to a file and make it durable."""
    with appending_alone(target) as out:
        while line:
            line = line[out.write(line) :]


@contextmanager
def appending_alone(target: Path) -> Iterator[BinaryIO]:
    """Open a file of records for reading and appending, while no other process does; at the end it is durable.

    It has no buffer: what was not written is not written later either. A link in its place is not followed.
    """
    with open(target, "a+b", buffering=0, opener=_open_unlinked) as out:
        lock_in_time(out, fcntl.LOCK_EX)
        out.seek(0)
        yield out
        os.fsync(out.fileno())


def lock_in_time(file: BinaryIO, kind: int) -> None:
    """Lock an open file. Raises TimeoutError where another process keeps it: whoever may read a file can lock it."""
    end = time.monotonic() + _LOCK_SECONDS
    while not _is_locked_now(file, kind):
        if time.monotonic() > end:
            raise TimeoutError(errno.ETIMEDOUT, "another process keeps it locked", file.name)
        time.sleep(_LOCK_PAUSE_SECONDS)


def _is_locked_now(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_unlinked(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, 0o644)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def real_path(path: Path) -> Path:
    """Return where a path leads, links followed as far as they lead anywhere; a link to itself raises nothing."""
    return Path(os.path.realpath(path))


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the file system knows such a thing."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(handle)
    except OSError:
        return  # some network file systems refuse to sync a folder; there is nothing better to do
    finally:
        os.close(handle)
