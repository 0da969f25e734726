"""Opening evidence: for reading only, and without leaving a trace in its access time where that is allowed.

The one place where imgkit opens what it reads as a source: sets, archives, disk images, records. Programs that it
starts (qemu-img, qemu-nbd, libguestfs) open by themselves, read-only too, and know no O_NOATIME.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_LARGEST_RECORD_BYTES = 64 << 20  # a manifest, sums or a parts file have some KiB for each disk


def open_evidence(path: Path) -> BinaryIO:
    """Open a source for reading only, without touching its access time where that is allowed.

    Raises OSError, also for a pipe or a device that has no end: to read it would wait for ever.
    """

    def opener(name: str, flags: int) -> int:
        flags |= os.O_NONBLOCK  # else opening a pipe waits for its writer
        try:
            return _only_with_an_end(os.open(name, flags | getattr(os, "O_NOATIME", 0)), name)
        except PermissionError:  # O_NOATIME is for the owner alone
            return _only_with_an_end(os.open(name, flags), name)

    return open(path, "rb", buffering=0, opener=opener)


def read_evidence(path: Path) -> bytes:
    """Return the content of a small source, opened as `open_evidence` does. Raises OSError, also for a large one."""
    with open_evidence(path) as file:
        content = file.read(_LARGEST_RECORD_BYTES + 1)
    if len(content) > _LARGEST_RECORD_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {_LARGEST_RECORD_BYTES >> 20} MiB, and was not read", str(path))
    return content


def _only_with_an_end(handle: int, name: str) -> int:
    mode = os.fstat(handle).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no file but a pipe or a device", name)
    return handle
