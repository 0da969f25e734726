"""Tests of files/work_folder.py."""

import errno
from pathlib import Path

import pytest

from imgkit.errors import AlreadyAtWork, NotAccessible
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


def test_two_runs_at_once_do_not_get_into_each_others_way(tmp_path: Path) -> None:
    with work_folder(tmp_path / "disk") as folder:
        (folder / "part").write_bytes(b"x")
        with pytest.raises(AlreadyAtWork), work_folder(tmp_path / "disk"):
            raise AssertionError("entered")
        assert (folder / "part").read_bytes() == b"x"
    with work_folder(tmp_path / "disk") as folder:
        assert list(folder.iterdir()) == []


def test_a_folder_that_went_away_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = []

    def lock_late(handle: int, how: int) -> None:
        locks.append(how)
        if len(locks) == 1:
            (tmp_path / "disk.imgkit-partial").rmdir()

    monkeypatch.setattr("fcntl.flock", lock_late)
    with work_folder(tmp_path / "disk") as folder:
        assert folder.is_dir()
    assert len(locks) == 2


def test_where_folders_cannot_be_locked_the_work_is_done_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, how: int) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("fcntl.flock", refuse)
    with work_folder(tmp_path / "disk") as folder:
        assert folder.is_dir()
