"""Raw images: their size, and nothing more."""

from pathlib import Path

import pytest

from imgkit.disks.guard import read_header
from imgkit.disks.headers import raw
from imgkit.errors import DiskImageUnsafe
from imgkit.model.formats import DiskFormat


def test_a_raw_disk_is_its_file(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(1024))
    header = read_header(path, stated=DiskFormat.RAW)
    assert (header.virtual_size, header.notes) == (1024, ())
    assert header.region is not None


def test_an_odd_size_is_kept_and_said(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(1001))
    header = read_header(path, stated=DiskFormat.RAW)
    assert header.virtual_size == 1001
    assert "489 bytes" in header.notes[0]


def test_refuses_a_file_larger_than_every_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "MAX_VIRTUAL_BYTES", 4096)
    path = tmp_path / "disk"
    path.write_bytes(bytes(4608))
    with pytest.raises(DiskImageUnsafe):
        read_header(path, stated=DiskFormat.RAW)
