"""What the file system of a folder can do: room, holes, the largest file, an atomic rename. Tried, not guessed."""

import contextlib
import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import NoRoom, NotAccessible
from imgkit.units import GiB, MiB, TiB

_SIZES_TO_TRY = (4 * GiB, 16 * GiB, 2 * TiB, 16 * TiB)  # FAT32 ends one byte before the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """`largest_file_bytes` is a proven lower bound: the largest size that could be set here."""

    folder: Path
    free_bytes: int
    holds_holes: bool
    largest_file_bytes: int
    renames_atomically: bool


def probe_folder(folder: Path) -> Abilities:
    """Try out the file system that `folder`, or its nearest existing parent, lies on.

    Raises NotAccessible when nothing can be written there, NoRoom when it is full.
    """
    place = nearest_existing(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".imgkit-probe-", dir=place) as made:
            return Abilities(
                folder=place,
                free_bytes=free_bytes(place),
                holds_holes=_holds_holes(Path(made)),
                largest_file_bytes=_largest_file(Path(made)),
                renames_atomically=_renames(Path(made)),
            )
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoRoom(
                f"the file system of {place} is full: {error.strerror}",
                hint="Make room there, or choose another folder with -o; the same command goes on.",
            ) from error
        raise NotAccessible(
            f"cannot write to {place}: {error.strerror or error}",
            hint="Choose a folder that you may write to with -o.",
        ) from error


def nearest_existing(folder: Path) -> Path:
    """Return `folder` or the closest parent that exists."""
    place = folder.absolute()
    while not place.is_dir():
        place = place.parent
    return place


def free_bytes(folder: Path) -> int:
    """Return what an ordinary user can still write on the file system of `folder`."""
    stat = os.statvfs(nearest_existing(folder))
    return stat.f_bavail * stat.f_frsize


def _holds_holes(folder: Path) -> bool:
    """Write one byte behind a hole of 16 MiB and look whether the hole took room."""
    path = folder / "holes"
    with path.open("wb") as out:
        out.seek(16 * MiB)
        out.write(b"\1")
        out.flush()
        os.fsync(out.fileno())
        return os.fstat(out.fileno()).st_blocks * 512 < 8 * MiB


def _largest_file(folder: Path) -> int:
    """Set ever larger sizes on an empty file until the file system refuses (EFBIG, EINVAL) or has no room for it."""
    largest = 4 * GiB - 1
    path = folder / "large"
    with path.open("wb") as out:
        for size in _SIZES_TO_TRY:
            try:
                out.truncate(size)
            except OSError as error:
                if error.errno not in {errno.EFBIG, errno.EINVAL, errno.ENOSPC, errno.EOVERFLOW}:
                    raise
                break
            largest = size
        with contextlib.suppress(OSError):
            out.truncate(0)
    return largest


def _renames(folder: Path) -> bool:
    old, new = folder / "old", folder / "new"
    old.write_bytes(b"new")
    new.write_bytes(b"old")
    old.replace(new)
    return new.read_bytes() == b"new" and not old.exists()
