"""An unfinished file is its writer's, until that has ended however it ended."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from imgkit.errors import AlreadyAtWork
from imgkit.files.claims import claim, remove_abandoned
from imgkit.files.sparse import SparseFile
from imgkit.files.whole import PARTIAL_SUFFIX, partial_path


def test_what_is_being_written_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk"):
        with pytest.raises(AlreadyAtWork, match="another run is writing"):
            remove_abandoned(tmp_path / "disk")
        assert (tmp_path / "disk").exists()
    remove_abandoned(tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_what_is_not_there_or_no_file_of_ours_is_no_matter(tmp_path: Path) -> None:
    remove_abandoned(tmp_path / "nothing")
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove_abandoned(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    remove_abandoned(tmp_path / "pipe")
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


def test_a_file_that_lost_its_name_before_it_was_locked_is_not_ours(tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as file:
        (tmp_path / "disk").unlink()
        with pytest.raises(AlreadyAtWork):
            claim(file.fileno(), tmp_path / "disk")
        (tmp_path / "disk").write_bytes(b"of another run")
        with pytest.raises(AlreadyAtWork):
            claim(file.fileno(), tmp_path / "disk")


def test_where_there_are_no_locks_all_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with SparseFile(tmp_path / "disk"):
        remove_abandoned(tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_a_second_run_leaves_the_first_ones_file_alone(tmp_path: Path) -> None:
    target = tmp_path / "disk"
    with partial_path(target) as partial, SparseFile(partial) as file:
        file.write_at(0, memoryview(b"first"))
        with pytest.raises(AlreadyAtWork), partial_path(target):
            pytest.fail("let in")
    assert target.read_bytes() == b"first"


def test_a_run_that_comes_between_keeps_its_file(tmp_path: Path) -> None:
    """Two runs found nothing, and one of them was quicker."""
    target = tmp_path / "disk"
    partial = target.with_name(target.name + PARTIAL_SUFFIX)

    def be_late() -> None:
        with partial_path(target):
            partial.write_bytes(b"of the other run")
            raise AlreadyAtWork("another run is writing it")

    with pytest.raises(AlreadyAtWork):
        be_late()
    assert partial.read_bytes() == b"of the other run"
