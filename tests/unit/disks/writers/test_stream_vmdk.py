"""Tests of disks/writers/stream_vmdk.py: read back by our own reader; QEMU's is asked in the integration tests."""

import struct
from pathlib import Path

import pytest
from tests.unit.disks.fake_view import honest
from tests.unit.disks.writers.disks import SHAPES, read_back

from imgkit.disks.guard import read_header
from imgkit.disks.writers import stream_vmdk
from imgkit.disks.writers.stream_vmdk import write_stream_vmdk
from imgkit.disks.writers.vmdk_descriptor import VmdkKind
from imgkit.errors import FormatCannotHold, NotAccessible
from imgkit.model.formats import DiskFormat

KIND = VmdkKind(create_type="streamOptimized", adapter="lsilogic", hardware_version="10")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_back_as_it_was(tmp_path: Path, shape: str) -> None:
    view, path = SHAPES[shape], tmp_path / "disk.vmdk"
    assert write_stream_vmdk(view, path, kind=KIND) == honest(view.content)
    header = read_header(path, stated=None)
    assert (header.format, header.subformat, header.virtual_size) == (DiskFormat.VMDK, "streamOptimized", view.size)
    assert read_back(path, DiskFormat.VMDK) == view.content


def test_the_header_is_one_that_esxi_takes(tmp_path: Path) -> None:
    path = tmp_path / "disk.vmdk"
    write_stream_vmdk(SHAPES["text"], path, kind=KIND)
    magic, version, flags = struct.unpack_from("<4sII", path.read_bytes())
    assert (magic, version, flags) == (b"KDMV", 3, 0x30001)
    assert b'ddb.adapterType = "lsilogic"' in path.read_bytes()[512:4096]


def test_the_same_disk_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_stream_vmdk(SHAPES["far apart"], tmp_path / name / "disk.vmdk", kind=KIND)
    assert (tmp_path / "one/disk.vmdk").read_bytes() == (tmp_path / "two/disk.vmdk").read_bytes()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "disk.vmdk").write_bytes(b"mine")
    with pytest.raises(NotAccessible):
        write_stream_vmdk(SHAPES["nothing"], tmp_path / "disk.vmdk", kind=KIND)


def test_more_than_sectors_can_count_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_vmdk, "_LARGEST_SECTOR", 1000)
    with pytest.raises(FormatCannotHold, match="ends at 2 TiB"):
        write_stream_vmdk(SHAPES["noise"], tmp_path / "disk.vmdk", kind=KIND)
