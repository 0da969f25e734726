"""Tests of disks/writers/packed_qcow2.py; qemu-img checks the reference counts in the integration."""

from pathlib import Path

import pytest
from tests.unit.disks.fake_view import honest
from tests.unit.disks.writers.disks import SHAPES, read_back

from imgkit.disks.guard import read_header
from imgkit.disks.writers.packed_qcow2 import write_packed_qcow2
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_back_as_it_was(tmp_path: Path, shape: str) -> None:
    view, path = SHAPES[shape], tmp_path / "disk.qcow2"
    assert write_packed_qcow2(view, path) == honest(view.content)
    header = read_header(path, stated=None)
    assert header.subformat == "compat 1.1, clusters of 65536 bytes, zstd"
    assert (header.virtual_size, header.notes) == (view.size, ())
    assert read_back(path, DiskFormat.QCOW2) == view.content


def test_what_compresses_well_becomes_small_and_noise_no_larger(tmp_path: Path) -> None:
    for shape in ("text", "noise"):
        write_packed_qcow2(SHAPES[shape], tmp_path / shape)
    assert (tmp_path / "text").stat().st_size < SHAPES["text"].size // 10
    assert (tmp_path / "noise").stat().st_size < SHAPES["noise"].size + 400 * KiB
