"""Tests of disks/writers/new_file.py."""

import errno
from pathlib import Path

import pytest

from imgkit.disks.writers.new_file import append, new_file
from imgkit.errors import NoRoom, NotAccessible


def test_what_is_there_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"mine")
    with pytest.raises(NotAccessible), new_file(tmp_path / "disk"):
        raise AssertionError("opened")
    assert (tmp_path / "disk").read_bytes() == b"mine"


def test_a_full_disk_is_put_into_words(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="no room left"), new_file(tmp_path / "disk"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_appending_goes_behind_the_end(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"disk")
    append(tmp_path / "disk", b"footer")
    assert (tmp_path / "disk").read_bytes() == b"diskfooter"
    with pytest.raises(NotAccessible):
        append(tmp_path / "missing" / "disk", b"x")
