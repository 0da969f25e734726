"""The unfinished file on this machine's disk: writing at offsets, making durable, reading back, and what goes wrong."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imgkit.digests import crc64
from imgkit.errors import NoRoom, NotAccessible
from imgkit.files.whole import sync_folder
from imgkit.transfer.ranges import ByteRange
from imgkit.units import describe_bytes

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class PartialFile:
    """The object's bytes so far, each at its final offset. Several threads may use it at once."""

    def __init__(self, path: Path, size: int, *, fresh: bool) -> None:
        self.path = path
        self.size = size
        self._handle = _open_sized(path, size, fresh=fresh)

    def write(self, data: memoryview, offset: int) -> None:
        """Write all of `data`. Raises NoRoom or NotAccessible."""
        with local_errors(self.path, doing="write", missing=self._missing):
            while data:
                written = os.pwrite(self._handle, data, offset)
                data, offset = data[written:], offset + written

    def sync(self) -> None:
        """Make durable what was written before this call."""
        with local_errors(self.path, doing="write", missing=self._missing):
            sync_data(self._handle)

    def read_crc64(self, place: ByteRange, buffer: memoryview, stop: threading.Event) -> int | None:
        """Return the CRC-64 of what the disk gives back for this range; None when `stop` is set before the end."""
        with local_errors(self.path, doing="read back"):
            _forget_cached(self._handle, place)
            crc = 0
            while place.length and not stop.is_set():
                count = os.preadv(self._handle, [buffer[: place.length]], place.start)
                if count == 0:
                    raise NotAccessible(f"{self.path} became shorter while it was read", hint="Run the command again.")
                crc = crc64(buffer[:count], crc)
                place = place.without_first(count)
            return crc if not place.length else None

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        os.close(handle)

    def _missing(self) -> int:
        """Return how many bytes the file system lacks to hold the whole object."""
        held = os.fstat(self._handle).st_blocks * 512
        stat = os.fstatvfs(self._handle)
        return max(self.size - held - stat.f_bavail * stat.f_frsize, 0)

    def require_room(self) -> None:
        """Raise NoRoom when the rest of the object cannot fit. Quotas are not seen here, only when they are hit."""
        with local_errors(self.path, doing="look at"):
            known = os.fstatvfs(self._handle).f_blocks > 0  # some network file systems tell nothing
            missing = self._missing() if known else 0
        if missing:
            raise _no_room(self.path, missing)


@contextmanager
def local_errors(path: Path, *, doing: str, missing: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Turn what the system says about a local file into NoRoom or NotAccessible."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _no_room(path, missing()) from error
        raise NotAccessible(
            f"cannot {doing} {path}: {error.strerror or error}",
            hint="Parts that were finished are kept: mend the disk or its permissions and run the same command again.",
        ) from error


def require_room(folder: Path, missing_bytes: int) -> None:
    """Raise NoRoom when so many bytes more cannot fit; `folder` need not exist yet."""
    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    with local_errors(folder, doing="look at"):
        stat = os.statvfs(place)
    free = stat.f_bavail * stat.f_frsize
    if stat.f_blocks and missing_bytes > free:  # some network file systems tell nothing
        raise _no_room(folder, missing_bytes - free)


def held_bytes(path: Path) -> int:
    """Return how much room a file takes already; 0 where there is none."""
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


def _no_room(path: Path, missing: int) -> NoRoom:
    lacking = f": {describe_bytes(missing)} ({missing} bytes) are missing" if missing else ", or its quota is used up"
    return NoRoom(
        f"no room for {path} on its file system{lacking}",
        hint="Make room there and run the same command again: parts that were finished are kept.",
    )


def _open_sized(path: Path, size: int, *, fresh: bool) -> int:
    """Open the file with its final size; what was not written yet is a hole."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_TRUNC if fresh else 0)
    with local_errors(path, doing="write"):
        handle = os.open(path, flags, 0o644)
        try:
            os.ftruncate(handle, size)
            os.fsync(handle)
            sync_folder(path.parent)
        except OSError:
            os.close(handle)
            raise
    return handle


def _forget_cached(handle: int, place: ByteRange) -> None:
    """Drop what the system still holds in memory, so that reading back asks the disk."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle, place.start, place.length, os.POSIX_FADV_DONTNEED)
