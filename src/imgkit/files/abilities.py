"""What the file system of a folder can do: room, holes, the largest file, an atomic rename. Tried, not guessed."""

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import NoRoom, NotAccessible
from imgkit.interruptions import held_back
from imgkit.units import GiB, MiB, TiB

_SIZES_TO_TRY = (4 * GiB, 16 * GiB, 2 * TiB, 16 * TiB)  # FAT32 ends one byte before the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """`largest_file_bytes` is the largest size that was tried with success, `too_large_bytes` the smallest refused.

    What lies between the two is not known before it is tried.
    """

    folder: Path
    free_bytes: int
    holds_holes: bool
    largest_file_bytes: int
    renames_atomically: bool
    too_large_bytes: int | None = None

    def refuses_file_of(self, size: int) -> bool:
        """Say whether a file of this size can not be had here for certain."""
        return self.too_large_bytes is not None and size >= self.too_large_bytes


def probe_folder(folder: Path) -> Abilities:
    """Try out the file system that `folder`, or its nearest existing parent, lies on.

    Raises NotAccessible when nothing can be written there, NoRoom when it is full.
    """
    place = nearest_existing(folder)
    try:
        with held_back(), tempfile.TemporaryDirectory(prefix=".imgkit-probe-", dir=place) as made:
            holds_holes = _holds_holes(Path(made))
            largest, too_large = _largest_file(Path(made), holds_holes=holds_holes)
            return Abilities(
                folder=place,
                free_bytes=free_bytes(place),
                holds_holes=holds_holes,
                largest_file_bytes=largest,
                renames_atomically=_renames(Path(made)),
                too_large_bytes=too_large,
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
    """Write one byte behind a hole of 16 MiB and look whether the hole took room; it goes again at once."""
    path = folder / "holes"
    with path.open("wb") as out:
        try:
            out.seek(16 * MiB)
            out.write(b"\1")
            out.flush()
            os.fsync(out.fileno())
            return os.fstat(out.fileno()).st_blocks * 512 < 8 * MiB
        finally:
            path.unlink()


def _largest_file(folder: Path, *, holds_holes: bool) -> tuple[int, int | None]:
    """Try ever larger sizes on an empty file until the file system refuses one, or has no room for it.

    Return the largest that it took, and the one that it refused. Where there are no holes a size is only sought: to set
    it would fill the file with zeroes (Linux' drivers of FAT and exFAT write them all), and these drivers refuse to
    seek beyond what a file can hold.
    """
    largest = 4 * GiB - 1
    with (folder / "large").open("wb") as out:
        for size in _SIZES_TO_TRY:
            try:
                os.ftruncate(out.fileno(), size) if holds_holes else os.lseek(out.fileno(), size, os.SEEK_SET)
            except OSError as error:
                if error.errno not in {errno.EFBIG, errno.EINVAL, errno.ENOSPC, errno.EOVERFLOW}:
                    raise
                return largest, size
            largest = size
    return largest, None


def _renames(folder: Path) -> bool:
    old, new = folder / "old", folder / "new"
    old.write_bytes(b"new")
    new.write_bytes(b"old")
    old.replace(new)
    return new.read_bytes() == b"new" and not old.exists()
