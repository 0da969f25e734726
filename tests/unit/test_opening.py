"""Tests of opening.py."""

import os
from pathlib import Path

import pytest

from imgkit.opening import open_evidence, read_evidence


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that was read last a year ago."""
    made = tmp_path / "disk.raw"
    made.write_bytes(b"bytes")
    os.utime(made, ns=(1_000_000_000, 2_000_000_000))
    return made


def test_reading_leaves_the_access_time_where_that_is_allowed(file: Path):
    assert read_evidence(file) == b"bytes"
    assert file.stat().st_atime_ns == 1_000_000_000


def test_nothing_can_be_written(file: Path):
    with open_evidence(file) as opened, pytest.raises(OSError, match="not open for writing"):
        opened.write(b"x")


def test_where_it_is_not_allowed_the_file_is_read_all_the_same(file: Path, monkeypatch: pytest.MonkeyPatch):
    real = os.open

    def others(name: str, flags: int) -> int:
        if flags & getattr(os, "O_NOATIME", 0):
            raise PermissionError(1, "Operation not permitted", name)
        return real(name, flags)

    monkeypatch.setattr("imgkit.opening.os.open", others)
    assert read_evidence(file) == b"bytes"


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_what_has_no_end_is_no_source(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file but a pipe or a device"):
        open_evidence(tmp_path / name)


def test_what_is_too_large_for_a_record_is_not_read(file: Path):
    os.truncate(file, 1 << 40)
    with pytest.raises(OSError, match="larger than 64 MiB"):
        read_evidence(file)
