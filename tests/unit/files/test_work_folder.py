"""Tests of files/work_folder.py."""

from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.files.work_folder import work_folder


def test_nothing_of_it_is_left_after_success_or_failure(tmp_path: Path) -> None:
    with work_folder(tmp_path / "disk") as folder:
        (folder / "part").write_bytes(b"x")
        assert folder.parent == tmp_path
    with pytest.raises(ZeroDivisionError), work_folder(tmp_path / "disk"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine").write_bytes(b"x")
    with work_folder(tmp_path / "disk") as folder:
        left = folder
        (folder / "part").write_bytes(b"x")
    left.symlink_to(other)
    with work_folder(tmp_path / "disk") as folder:
        assert list(folder.iterdir()) == []
    assert (other / "mine").exists()


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible), work_folder(tmp_path / "missing" / "disk"):
        raise AssertionError("entered")
