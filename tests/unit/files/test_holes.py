"""Room is given back, and the bytes read as zeroes."""

import os
import sys
from pathlib import Path

import pytest

from imgkit.files import holes
from imgkit.files.holes import dig_hole
from imgkit.units import KiB

linux = pytest.mark.skipif(sys.platform != "linux", reason="holes are dug on Linux alone")


@linux
def test_a_run_becomes_a_hole(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"\1" * 64 * KiB)
        file.flush()
        assert dig_hole(file.fileno(), 8 * KiB, 32 * KiB)
        os.fsync(file.fileno())
        assert os.fstat(file.fileno()).st_blocks * 512 == 32 * KiB
        file.seek(0)
        assert file.read() == b"\1" * 8 * KiB + bytes(32 * KiB) + b"\1" * 24 * KiB


@linux
def test_what_cannot_be_dug_stays_and_is_no_failure() -> None:
    reading, writing = os.pipe()
    assert not dig_hole(writing, 0, 4096)
    os.close(reading)
    os.close(writing)


def test_other_systems_keep_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holes, "_fallocate", lambda: None)
    with (tmp_path / "file").open("wb") as file:
        assert not dig_hole(file.fileno(), 0, 4096)
