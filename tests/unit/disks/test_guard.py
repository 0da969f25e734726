"""What a file is by its content, what is said of it, and which backing files are allowed."""

import os
import struct
from pathlib import Path

import pytest

from imgkit.disks.guard import identify, read_header
from imgkit.errors import DiskImageUnsafe, NotAccessible, NotADiskImage
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB

CLUSTER = 64 * KiB


def overlay(backing: bytes, backing_format: bytes = b"raw", *, size: int = CLUSTER) -> bytes:
    """An empty qcow2 over a backing file."""
    header = bytearray(3 * CLUSTER)
    place = 512
    struct.pack_into(">4sIQIIQIIQQIIQ", header, 0, b"QFI\xfb", 3, place, len(backing), 16, size, 0, 1, CLUSTER,
                     2 * CLUSTER, 1, 0, 0)  # fmt: skip
    struct.pack_into(">QQQII", header, 72, 0, 0, 0, 4, 104)
    if backing_format:
        struct.pack_into(">II", header, 104, 0xE2792ACA, len(backing_format))
        header[112 : 112 + len(backing_format)] = backing_format
    header[place : place + len(backing)] = backing
    return bytes(header)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["disk.qcow2", "disk.vmdk", "disk.gz", "noname"])
def test_the_name_of_a_file_says_nothing(tmp_path: Path, name: str) -> None:
    assert identify(put(tmp_path, name, bytes(1024))) is DiskFormat.RAW


@pytest.mark.parametrize("start", [b"QFI\xfb\0\0\0\3", b"KDMV\1\0\0\0", b"# Disk DescriptorFile\n", b"conectix"])
def test_a_raw_disk_stays_raw_whatever_its_guest_wrote_into_sector_0(tmp_path: Path, start: bytes) -> None:
    header = read_header(put(tmp_path, "disk", start.ljust(4096, b"\0")), stated=DiskFormat.RAW)
    assert (header.format, header.virtual_size) == (DiskFormat.RAW, 4096)
    assert "as stated" in header.notes[-1]


@pytest.mark.parametrize("stated", [DiskFormat.VHD, DiskFormat.QCOW2, DiskFormat.VDI, DiskFormat.VMDK])
def test_a_file_is_not_what_it_is_not(tmp_path: Path, stated: DiskFormat) -> None:
    with pytest.raises(NotADiskImage):
        read_header(put(tmp_path, "disk", bytes(4096)), stated=stated)


def test_an_empty_file_is_no_disk(tmp_path: Path) -> None:
    for stated in (None, DiskFormat.RAW, DiskFormat.QCOW2):
        with pytest.raises(NotADiskImage, match="empty"):
            read_header(put(tmp_path, "disk", b""), stated=stated)


def test_a_text_is_no_raw_disk_unless_that_is_stated(tmp_path: Path) -> None:
    path = put(tmp_path, "README", b"hello")
    with pytest.raises(NotADiskImage, match="whole number of sectors") as refused:
        identify(path)
    assert "state its format as raw" in refused.value.hint
    assert read_header(path, stated=DiskFormat.RAW).virtual_size == 5


def test_a_damaged_vhd_footer_is_not_taken_for_the_end_of_a_raw_disk(tmp_path: Path) -> None:
    with pytest.raises(NotADiskImage, match="checksum"):
        identify(put(tmp_path, "disk", bytes(4096) + b"conectix".ljust(512, b"\0")))


def test_a_folder_a_pipe_and_a_missing_file_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(NotADiskImage, match="no regular file"):
            identify(path)
    with pytest.raises(NotAccessible):
        identify(tmp_path / "missing")


def test_a_backing_file_is_refused_unless_its_folder_is_allowed(tmp_path: Path) -> None:
    base = put(tmp_path, "base.raw", bytes(CLUSTER))
    path = put(tmp_path, "disk", overlay(b"base.raw"))
    with pytest.raises(DiskImageUnsafe, match=r'"base\.raw"'):
        read_header(path, stated=None)
    header = read_header(path, stated=None, allow_backing=tmp_path)
    assert header.backing is not None
    assert header.backing.format is DiskFormat.RAW
    assert header.files == (path, base)


@pytest.mark.parametrize(
    ("name", "of_format"),
    [
        (b"/etc/passwd", b"raw"),
        (b"../outside", b"raw"),
        (b"link", b"raw"),
        (b"nbd:localhost:10809", b"raw"),
        (b'json:{"driver":"null-co"}', b"raw"),
        (b"base.raw", b""),
        (b"base.raw", b"vmdk"),
        (b"base.raw\0", b"raw"),
        (b"disk", b"qcow2"),
    ],
)
def test_an_allowed_folder_allows_nothing_else(tmp_path: Path, name: bytes, of_format: bytes) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    put(tmp_path, "outside", bytes(CLUSTER))
    put(inside, "base.raw", bytes(CLUSTER))
    (inside / "link").symlink_to(tmp_path / "outside")
    path = put(inside, "disk", overlay(name, of_format))
    with pytest.raises(DiskImageUnsafe):
        read_header(path, stated=None, allow_backing=inside)


def test_two_overlays_on_each_other_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "one", overlay(b"two", b"qcow2"))
    put(tmp_path, "two", overlay(b"one", b"qcow2"))
    with pytest.raises(DiskImageUnsafe, match="comes back"):
        read_header(tmp_path / "one", stated=None, allow_backing=tmp_path)


def test_a_backing_file_is_guarded_as_well(tmp_path: Path) -> None:
    put(tmp_path, "middle", overlay(b"/etc/passwd"))
    path = put(tmp_path, "disk", overlay(b"middle", b"qcow2"))
    with pytest.raises(DiskImageUnsafe, match="outside"):
        read_header(path, stated=None, allow_backing=tmp_path)
