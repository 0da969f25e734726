"""Formats that are known by sight and refused by name."""

from pathlib import Path

import pytest

from imgkit.disks.guard import identify, read_header
from imgkit.errors import NotADiskImage
from imgkit.model.formats import DiskFormat

STRANGERS = {
    "qcow image of version 1": b"QFI\xfb\0\0\0\1",
    "QED": b"QED\0",
    "Parallels": b"WithoutFreeSpace",
    "E01": b"EVF\x09\x0d\x0a\xff\0",
    "gzip": b"\x1f\x8b\x08",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh9",
    "zip": b"PK\x03\x04",
    "web page": b"<!DOCTYPE html>",
    "XML document": b'<?xml version="1.0"?><Error>',
    "7z": b"7z\xbc\xaf\x27\x1c",
}


@pytest.mark.parametrize(("name", "start"), STRANGERS.items(), ids=STRANGERS.keys())
def test_is_refused_by_name(tmp_path: Path, name: str, start: bytes) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(start.ljust(4096, b"\0"))
    with pytest.raises(NotADiskImage, match=name):
        identify(path)


def test_a_tar_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes((bytes(257) + b"ustar\0").ljust(10240, b"\0"))
    with pytest.raises(NotADiskImage, match="tar archive"):
        identify(path)


def test_an_apple_image_is_known_by_its_end(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(4096) + b"koly".ljust(512, b"\0"))
    with pytest.raises(NotADiskImage, match="dmg"):
        identify(path)


def test_is_a_raw_disk_all_the_same_when_that_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"QED\0".ljust(4096, b"\0"))
    assert read_header(path, stated=DiskFormat.RAW).format is DiskFormat.RAW
