"""Tests of cli/info.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.disks.test_guard import overlay

from imgkit.units import MiB


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.vmdk"  # its name is never asked
    with path.open("wb") as out:
        out.write(bytes(510) + b"\x55\xaa")
        out.truncate(4 * MiB)
    return path


def test_a_disk_image_is_told_by_its_content(disk: Path):
    ended = imgkit("info", disk)
    assert ended.code == 0
    first, second, third = ended.out.splitlines()[:3]
    assert first == f"{disk}: raw"
    assert f"4 MiB ({4 * MiB} bytes)" in second
    assert third.startswith("file:  4 MiB, of which ")


def test_as_data_sizes_are_bytes(disk: Path):
    told = imgkit("info", disk, "--json").data
    assert (told["format"], told["virtual_size"], told["file_size"]) == ("raw", 4 * MiB, 4 * MiB)
    assert told["room_bytes"] < 4 * MiB
    assert told["allocated_bytes"] is None


def test_a_format_that_was_said_and_is_not_so_is_refused(disk: Path):
    assert imgkit("info", disk, "--format", "qcow2").code == 51


@pytest.mark.parametrize(("content", "code"), [(b"", 51), (b"hello", 51), (None, 83)])
def test_what_is_no_disk_image_is_said(tmp_path: Path, content, code):
    path = tmp_path / "a\x1b[2Jb"
    if content is not None:
        path.write_bytes(content)
    ended = imgkit("info", path)
    assert ended.code == code
    assert "\x1b" not in ended.err


def test_the_map_tells_data_from_zeroes(tmp_path: Path):
    path = tmp_path / "disk.raw"
    path.write_bytes(b"x" * MiB)
    assert imgkit("info", path, "--map", "--json").data["map"] == [{"start": 0, "length": MiB, "kind": "data"}]
    assert imgkit("info", path, "--map").out.splitlines()[-1].split() == ["0", str(MiB), "data"]


def test_an_overlay_is_read_only_where_its_folder_is_allowed(tmp_path: Path):
    (tmp_path / "base.raw").write_bytes(bytes(64 * 1024))
    path = tmp_path / "disk"
    path.write_bytes(overlay(b"base.raw"))
    assert imgkit("info", path).code == 52
    assert imgkit("info", path, "--allow-backing", tmp_path).out.splitlines()[-1] == f"over {tmp_path}/base.raw: raw"
