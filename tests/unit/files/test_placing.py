"""Tests of files/placing.py."""

import os
from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.files.placing import Placing, copy_with_holes, place_without_copying, require_regular
from imgkit.units import MiB


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of 64 MiB that stores two pages."""
    path = tmp_path / "disk.raw"
    with path.open("wb") as out:
        out.truncate(64 * MiB)
        for place in (5 * MiB, 40 * MiB):
            out.seek(place)
            out.write(b"x" * 4096)
    return path


def test_a_second_name_takes_no_room_and_reads_the_same(disk: Path, tmp_path: Path):
    how = place_without_copying(disk, tmp_path / "second")
    assert how in {Placing.SHARED, Placing.LINKED}
    assert (tmp_path / "second").read_bytes() == disk.read_bytes()
    assert (how is Placing.LINKED) == (disk.stat().st_nlink == 2)


def test_where_nothing_can_be_shared_nothing_is_left(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("imgkit.files.placing.os.link", refused)
    monkeypatch.setattr("imgkit.files.placing.fcntl.ioctl", refused)
    assert place_without_copying(disk, tmp_path / "second") is None
    assert not (tmp_path / "second").exists()


def test_a_copy_has_the_same_bytes_and_the_same_holes(disk: Path, tmp_path: Path):
    assert copy_with_holes(disk, tmp_path / "copy") is Placing.COPIED
    assert (tmp_path / "copy").read_bytes() == disk.read_bytes()
    assert (tmp_path / "copy").stat().st_blocks <= disk.stat().st_blocks
    assert (tmp_path / "copy").stat().st_ino != disk.stat().st_ino


def test_the_copied_file_itself_stays_untouched(disk: Path, tmp_path: Path):
    os.utime(disk, ns=(1, 2))
    copy_with_holes(disk, tmp_path / "copy")
    assert (disk.stat().st_atime_ns, disk.stat().st_mtime_ns) == (1, 2)


def test_a_link_or_a_pipe_is_no_file_to_hand_over(disk: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(disk)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "nowhere"):
        with pytest.raises(NotAccessible, match=name):
            require_regular(tmp_path / name)
    assert require_regular(disk).st_size == 64 * MiB
