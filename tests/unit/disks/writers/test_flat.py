"""Tests of disks/writers/flat.py."""

from pathlib import Path

import pytest
from tests.unit.disks.fake_view import honest
from tests.unit.disks.writers.disks import SHAPES, read_back

from imgkit.disks.guard import read_header
from imgkit.disks.writers.flat import geometry, write_fixed_vhd, write_flat_vmdk
from imgkit.disks.writers.vmdk_descriptor import VmdkKind
from imgkit.model.formats import DiskFormat
from imgkit.units import GiB, MiB


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fixed_vhd_is_the_disk_and_a_footer(tmp_path: Path, shape: str) -> None:
    view, path = SHAPES[shape], tmp_path / "disk.vhd"
    assert write_fixed_vhd(view, path) == honest(view.content)
    assert path.read_bytes()[:-512] == view.content
    header = read_header(path, stated=None)
    assert (header.format, header.subformat, header.virtual_size) == (DiskFormat.VHD, "fixed", view.size)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (40 * GiB, (20560, 16, 255)),
        (10 * MiB, (301, 4, 17)),
        (504 * MiB, (1024, 16, 63)),
        (3 * 1024 * GiB, (65535, 16, 255)),
    ],
)
def test_the_geometry_is_the_specifications(size: int, expected: tuple[int, int, int]) -> None:
    cylinders, heads, sectors = geometry(size)
    assert (cylinders, heads, sectors) == expected
    assert cylinders * heads * sectors * 512 <= size


@pytest.mark.parametrize(("create_type", "line"), [("vmfs", 'VMFS "disk-flat.vmdk"'), ("monolithicFlat", "FLAT")])
def test_a_flat_vmdk_is_a_text_and_the_disk_beside_it(tmp_path: Path, create_type: str, line: str) -> None:
    view, path = SHAPES["far apart"], tmp_path / "disk.vmdk"
    kind = VmdkKind(create_type=create_type, adapter="lsilogic")
    assert write_flat_vmdk(view, path, kind=kind) == honest(view.content)
    assert (tmp_path / "disk-flat.vmdk").read_bytes() == view.content
    assert line in path.read_text()
    header = read_header(path, stated=None)
    assert (header.subformat, header.files) == (create_type, (path, tmp_path / "disk-flat.vmdk"))
    assert read_back(path, DiskFormat.VMDK) == view.content
