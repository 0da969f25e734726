"""Tests of files/abilities.py."""

import errno
import os
import signal
import tempfile
from dataclasses import replace

import pytest

from imgkit.errors import NoRoom, NotAccessible
from imgkit.files import abilities
from imgkit.files.abilities import free_bytes, nearest_existing, probe_folder
from imgkit.units import GiB


def test_this_file_system_can_what_every_linux_one_can(tmp_path):
    found = probe_folder(tmp_path)
    assert found.renames_atomically
    assert found.largest_file_bytes >= 16 * GiB
    assert found.free_bytes == pytest.approx(free_bytes(tmp_path), rel=0.2)


def test_nothing_is_left_behind(tmp_path):
    probe_folder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_interruption_leaves_nothing_behind_either(tmp_path, monkeypatch):
    def interrupted(*given, **named):
        made = mkdtemp(*given, **named)
        signal.raise_signal(signal.SIGINT)  # before anybody knows the folder's name
        return made

    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr("tempfile.mkdtemp", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_yet_to_be_made_is_probed_at_its_parent(tmp_path):
    assert probe_folder(tmp_path / "not" / "yet").folder == tmp_path
    assert nearest_existing(tmp_path / "not" / "yet") == tmp_path


@pytest.mark.parametrize(("call", "holds_holes"), [("ftruncate", True), ("lseek", False)])
def test_a_small_largest_file_is_found_by_trying(call, holds_holes, tmp_path, monkeypatch):
    def refuse(_handle: int, size: int, *_: int) -> None:
        if size >= 4 * GiB:
            raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr(f"imgkit.files.abilities.os.{call}", refuse)
    assert abilities._largest_file(tmp_path, holds_holes=holds_holes) == (4 * GiB - 1, 4 * GiB)


def test_where_there_are_no_holes_no_size_is_set(tmp_path, monkeypatch):
    """Linux' driver of exFAT would write every zero of it."""
    monkeypatch.delattr("imgkit.files.abilities.os.ftruncate")
    assert abilities._largest_file(tmp_path, holds_holes=False)[0] >= 4 * GiB
    assert (tmp_path / "large").stat().st_size == 0


def test_only_what_was_refused_is_known_to_be_too_large(tmp_path):
    found = replace(probe_folder(tmp_path), largest_file_bytes=4 * GiB, too_large_bytes=16 * GiB)
    assert [found.refuses_file_of(size) for size in (5 * GiB, 16 * GiB, 17 * GiB)] == [False, True, True]
    assert not replace(found, too_large_bytes=None).refuses_file_of(1 << 60)


@pytest.mark.ordinary_user
def test_a_folder_without_rights_is_said(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere: this one runs again as an ordinary user")
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(NotAccessible, match="cannot write"):
            probe_folder(tmp_path)
    finally:
        tmp_path.chmod(0o755)


def test_a_full_file_system_is_told_from_one_that_may_not_be_written(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imgkit.files.abilities.tempfile.TemporaryDirectory", full)
    with pytest.raises(NoRoom, match="is full"):
        probe_folder(tmp_path)
