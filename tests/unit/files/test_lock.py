"""Tests of files/lock.py."""

import os

import pytest

from imgkit.errors import AlreadyAtWork
from imgkit.files.lock import exclusive_lock


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
