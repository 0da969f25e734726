"""Nodes: explicit formats, no backing, and names that are only names."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imgkit.disks.headers.header import ImageHeader, Region
from imgkit.disks.nodes import build_node, private_folder
from imgkit.errors import NeedsKey
from imgkit.model.formats import DiskFormat


def header_of(path: Path, to: DiskFormat = DiskFormat.QCOW2, **more: Any) -> ImageHeader:
    return ImageHeader(format=to, virtual_size=1024, file_size=1024, path=path, files=(path,), **more)


def test_the_private_folder_is_for_us_alone_and_short() -> None:
    with private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(str(folder / "nbd")) < 104
    assert not folder.exists()


def test_a_long_or_strange_temporary_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("x" * 100, "a\nb", "é"):
        monkeypatch.setattr("tempfile.gettempdir", lambda name=name: str(tmp_path / name))
        with private_folder() as folder:
            assert folder.parent == Path("/tmp")


@pytest.mark.parametrize(
    "name", [b"a,b=c:d", b"-rf", b"new\nline", b"nbd:unix", b"\xff\xfe", b"json:{}", "ü".encode(), b'a\\b"c']
)
def test_qemu_never_sees_the_name_of_the_file(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"content")
    node = json.loads(json.dumps(build_node(header_of(path), tmp_path)))
    assert node["driver"] == "qcow2"
    assert node["backing"] is None
    assert node["file"] == {"driver": "file", "filename": str(tmp_path / "disk1")}
    assert Path(node["file"]["filename"]).read_bytes() == b"content"


def test_a_vhd_is_opened_with_its_current_size(tmp_path: Path) -> None:
    node = build_node(header_of(tmp_path / "disk", DiskFormat.VHD), tmp_path)
    assert (node["driver"], node["force_size_calc"]) == ("vpc", "current_size")


def test_a_stretch_of_a_file_is_raw(tmp_path: Path) -> None:
    beside = tmp_path / "flat"
    header = header_of(tmp_path / "disk", DiskFormat.VMDK, region=Region(path=beside, offset=4096))
    node = build_node(header, tmp_path)
    assert (node["driver"], node["offset"], node["size"]) == ("raw", 4096, 1024)
    assert (tmp_path / "disk0").readlink() == beside


def test_a_whole_raw_disk_states_no_size_since_qemu_wants_sectors(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    assert set(build_node(header_of(path, DiskFormat.RAW, region=Region(path=path)), tmp_path)) == {"driver", "file"}


def test_an_allowed_backing_file_is_named_by_us_and_not_by_the_header(tmp_path: Path) -> None:
    base = header_of(tmp_path / "base", DiskFormat.RAW, region=Region(path=tmp_path / "base"))
    header = replace(header_of(tmp_path / "disk"), backing=base, backing_name=b"elsewhere")
    node = build_node(header, tmp_path)
    assert isinstance(node["backing"], dict)
    assert node["backing"]["driver"] == "raw"
    assert "elsewhere" not in json.dumps(node)


def test_an_encrypted_image_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(NeedsKey):
        build_node(header_of(tmp_path / "disk", encrypted=True), tmp_path)
