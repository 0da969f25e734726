"""Which way a disk image is read."""

from pathlib import Path

import pytest

from imgkit.disks import guest_view
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import NotADiskImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat


def test_raw_is_read_without_a_program(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes(b"QFI\xfb" + bytes(508))
    with open_guest_view(DiskImage(path=path, format=DiskFormat.RAW)) as view:
        assert view.read(0, 4) == b"QFI\xfb"


def test_nothing_is_opened_that_the_guard_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(header: ImageHeader) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(guest_view, "NbdView", never)
    path = tmp_path / "disk"
    path.write_bytes(bytes(4096))
    with pytest.raises(NotADiskImage):
        open_guest_view(DiskImage(path=path, format=DiskFormat.QCOW2))
