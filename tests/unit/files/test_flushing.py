"""Tests of files/flushing.py."""

import errno
import os
import threading
from pathlib import Path

import pytest

from imgkit.errors import NoRoom, NotAccessible
from imgkit.files import flushing
from imgkit.files.flushing import flushed_meanwhile


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set at the first flush; there is no waiting before it."""
    seen = threading.Event()
    monkeypatch.setattr(flushing, "_EACH_SECONDS", 0)
    monkeypatch.setattr(os, "fsync", lambda handle: seen.set())
    return seen


def test_files_go_to_the_disk_while_they_are_written(tmp_path: Path, flushed: threading.Event) -> None:
    (tmp_path / "disk").write_bytes(b"x")
    with flushed_meanwhile(tmp_path):
        assert flushed.wait(10)


@pytest.mark.parametrize(("number", "kind"), [(errno.EIO, NotAccessible), (errno.ENOSPC, NoRoom)])
def test_a_write_that_failed_is_told_because_the_kernel_tells_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    failed = threading.Event()

    def fail(handle: int) -> None:
        failed.set()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(flushing, "_EACH_SECONDS", 0)
    monkeypatch.setattr(os, "fsync", fail)
    (tmp_path / "disk").write_bytes(b"x")
    reached = []
    with pytest.raises(kind), flushed_meanwhile(tmp_path):
        reached.append(failed.wait(10))
    assert reached == [True]


def test_the_writers_own_error_comes_first(tmp_path: Path, flushed: threading.Event) -> None:
    with pytest.raises(ZeroDivisionError), flushed_meanwhile(tmp_path):
        raise ZeroDivisionError
    assert not any(thread.name == "flush" for thread in threading.enumerate())


def test_a_file_that_is_gone_again_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def gone(path: Path) -> None:
        looked.set()
        raise FileNotFoundError(path)

    monkeypatch.setattr(flushing, "_EACH_SECONDS", 0)
    monkeypatch.setattr(flushing, "_flush", gone)
    (tmp_path / "disk").write_bytes(b"x")
    with flushed_meanwhile(tmp_path):
        assert looked.wait(10)
