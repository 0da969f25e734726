"""Tests of cli/header_words.py."""

import json
from pathlib import Path

import pytest

from imgkit.cli.header_words import header_as_data, header_as_text
from imgkit.disks.headers.header import Geometry, ImageHeader
from imgkit.model.formats import DiskFormat
from imgkit.units import GiB, MiB


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "disk"
    file.write_bytes(bytes(4096))
    return file


def test_everything_that_a_header_knows_is_told(path: Path) -> None:
    backing = ImageHeader(format=DiskFormat.RAW, virtual_size=GiB, file_size=1, path=Path("base"), files=())
    header = ImageHeader(
        format=DiskFormat.QCOW2,
        virtual_size=GiB,
        file_size=4096,
        subformat="compat 1.1",
        creator="x\x1b[2J",
        notes=("a note",),
        path=path,
        files=(path,),
        geometry=Geometry(cylinders=2, heads=16, sectors=63),
        allocated_bytes=3 * MiB,
        snapshots=tuple(f"s{number}" for number in range(9)),
        snapshot_count=300,
        dirty=True,
        corrupt=True,
        backing=backing,
    )
    assert header_as_text(header).splitlines() == [
        f"{path}: qcow2 compat 1.1",
        f"disk:  1 GiB ({GiB} bytes)",
        "file:  4 KiB, of which 4 KiB take room",
        "in use: 3 MiB of blocks",
        "geometry: 2 cylinders, 16 heads, 63 sectors",
        "made by x\\x1b[2J",
        "marked as dirty, corrupt",
        "snapshots: 300 (s0, s1, s2, s3, s4, s5, s6, s7, …)",
        "over base: raw",
        "note: a note",
    ]
    told = header_as_data(header)
    assert json.loads(json.dumps(told)) == told
    assert (told["geometry"], told["geometry_bytes"]) == ([2, 16, 63], 2 * 16 * 63 * 512)
    assert (told["dirty"], told["corrupt"], told["encrypted"], told["backing"]) == (True, True, False, "base")


def test_what_a_format_does_not_know_is_null(path: Path) -> None:
    header = ImageHeader(format=DiskFormat.RAW, virtual_size=4096, file_size=4096, path=path, files=(path,))
    told = header_as_data(header)
    assert (told["geometry"], told["geometry_bytes"], told["allocated_bytes"], told["backing"]) == (None,) * 4
    assert len(header_as_text(header).splitlines()) == 3
