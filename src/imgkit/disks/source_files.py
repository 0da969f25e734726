"""The files that a disk is read from: nothing is written over them, and nobody may write to them meanwhile."""

from pathlib import Path

from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import Differs, NotAccessible, TargetExists
from imgkit.files.whole import refuse_existing

FileStates = tuple[tuple[int, int, int, int], ...]


def refuse_target(target: Path, header: ImageHeader, *, overwrite: bool = False) -> None:
    """Refuse a target that is one of the source's own files, also when asked to overwrite, or that is there already.

    Raises TargetExists, and NotAccessible where its folder is not there.
    """
    if target.exists() and any(target.samefile(file) for file in header.files):
        raise TargetExists(
            f"{target} is the source itself, and nothing is written in place",
            hint="Give the result another name.",
        )
    refuse_existing(target, overwrite=overwrite and not target.is_dir())
    if not target.parent.is_dir():
        what = f"{target.parent} is no folder" if target.parent.exists() else f"there is no folder {target.parent}"
        raise NotAccessible(what, hint="Make one, or choose another place.")


def states_of(header: ImageHeader) -> FileStates:
    """Return which files the source has now, their sizes and when they were last written. Raises NotAccessible."""
    try:
        found = [file.stat() for file in header.files]
    except OSError as error:
        raise NotAccessible(f"cannot look at {header.path} any more: {error.strerror or error}") from error
    return tuple((each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in found)


def require_unchanged(header: ImageHeader, before: FileStates) -> None:
    """Raise Differs when somebody wrote to the source since: what was read may be half the old disk, half the new."""
    if states_of(header) != before:
        raise Differs(
            f"{header.path} has changed while it was read",
            hint="Nothing was kept. Something else writes to it: make a copy that nobody touches, and start again.",
        )
