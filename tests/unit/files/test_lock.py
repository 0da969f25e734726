"""Tests of files/lock.py."""

import os

import pytest

from imgkit.errors import AlreadyAtWork
from imgkit.files.lock import exclusive_lock, shared_lock


def test_a_second_holder_is_told_who_the_first_is(tmp_path):
    lock = tmp_path / "folder" / "lock"
    with exclusive_lock(lock, what="the set"):
        with (
            pytest.raises(AlreadyAtWork, match=f"process {os.getpid()}.*the set"),
            exclusive_lock(lock, what="the set"),
        ):
            pytest.fail("the block must not run")
        with pytest.raises(AlreadyAtWork, match=str(os.getpid())), exclusive_lock(lock, what="the set"):
            pytest.fail("a refused holder must not have damaged the lock")


def test_a_lock_can_be_taken_again_after_it_was_given_back(tmp_path):
    for _ in range(2):
        with exclusive_lock(tmp_path / "lock", what="the set"):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_link_in_the_locks_place_is_not_written_through(tmp_path):
    (tmp_path / "letter").write_text("precious")
    (tmp_path / "lock").symlink_to("letter")
    with pytest.raises(OSError, match="symbolic links"), exclusive_lock(tmp_path / "lock", what="the set"):
        pytest.fail("the block must not run")
    assert (tmp_path / "letter").read_text() == "precious"


def test_readers_share_it_and_keep_writers_away_without_a_trace(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("999999999\n")
    before = lock.stat()
    with (
        shared_lock(lock, what="the set"),
        shared_lock(lock, what="the set"),
        pytest.raises(AlreadyAtWork, match=r"another imgkit run is at work on the set"),
        exclusive_lock(lock, what="the set"),
    ):
        pytest.fail("the block must not run")
    assert (lock.read_text(), lock.stat().st_mtime_ns) == ("999999999\n", before.st_mtime_ns)
    with exclusive_lock(lock, what="the set"):
        pass


def test_a_reader_is_told_who_writes(tmp_path):
    with (
        exclusive_lock(tmp_path / "lock", what="the set"),
        pytest.raises(AlreadyAtWork, match=f"process {os.getpid()}"),
        shared_lock(tmp_path / "lock", what="the set"),
    ):
        pytest.fail("the block must not run")


def test_where_there_is_no_lock_none_is_made(tmp_path):
    with shared_lock(tmp_path / "folder" / "lock", what="the set"):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["", "0", "-1", "nobody", "9" * 30])
def test_only_a_process_that_is_there_is_named(tmp_path, said):
    with exclusive_lock(tmp_path / "lock", what="the set"):
        (tmp_path / "lock").write_text(said)
        with pytest.raises(AlreadyAtWork, match="another imgkit run is"), exclusive_lock(tmp_path / "lock", what="it"):
            pytest.fail("the block must not run")
