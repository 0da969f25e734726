"""Disks with forty thousand files in one folder."""

import tempfile
from pathlib import Path

from imgkit.process import run
from imgkit.samples.file_systems import make_xfs
from imgkit.samples.programs import require_maker
from imgkit.units import MiB

CROWD = 40_000


def make_crowded_ext4(target: Path, *, files: int = CROWD) -> None:
    """Make an ext4 with that many empty files in `/crowd`, without a partition table."""
    with tempfile.TemporaryDirectory(prefix="imgkit-crowd-") as folder:
        _crowd(Path(folder), files)
        with target.open("xb") as file:
            file.truncate(640 * MiB)
        run([require_maker("mke2fs"), "-q", "-F", "-t", "ext4", "-d", folder, target], timeout_seconds=300)


def make_crowded_xfs(target: Path, *, files: int = CROWD) -> None:
    """Make an XFS of the same content."""
    with tempfile.TemporaryDirectory(prefix="imgkit-crowd-") as folder:
        _crowd(Path(folder), files)
        make_xfs(target, Path(folder), size_bytes=640 * MiB, uuid="5f0b1c3e-7a52-4a5e-9d61-00000000c002", label="crowd")


def _crowd(folder: Path, files: int) -> None:
    crowd = folder / "crowd"
    crowd.mkdir()
    for number in range(files):
        (crowd / f"file-{number:06d}").touch()
