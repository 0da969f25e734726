"""Upper bounds of the room for a converted image."""

import pytest

from imgkit.disks.room_bound import data_in_blocks, room_bound
from imgkit.model.disk import Extent, ExtentKind
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.units import GiB, KiB, MiB

DATA, ZERO = ExtentKind.DATA, ExtentKind.ZERO


@pytest.mark.parametrize(
    ("extents", "expected"),
    [
        ([], 0),
        ([Extent(0, 5 * MiB, ZERO)], 0),
        ([Extent(0, 1, DATA)], MiB),
        ([Extent(MiB - 1, 2, DATA)], 2 * MiB),
        ([Extent(0, 10, DATA), Extent(10, 10, ZERO), Extent(20, 10, DATA)], MiB),
        ([Extent(0, MiB, DATA), Extent(3 * MiB + 5, 10, DATA)], 2 * MiB),
    ],
)
def test_counts_each_block_once(extents: list[Extent], expected: int) -> None:
    assert data_in_blocks(extents, MiB) == expected


@pytest.mark.parametrize("to", WRITTEN_FORMATS)
def test_a_sparse_disk_needs_little(to: DiskFormat) -> None:
    bound = room_bound([Extent(0, MiB, DATA), Extent(MiB, 100 * GiB - MiB, ZERO)], 100 * GiB, to, {})
    assert MiB < bound < 40 * MiB


@pytest.mark.parametrize("to", WRITTEN_FORMATS)
def test_a_dense_disk_needs_at_least_itself(to: DiskFormat) -> None:
    assert room_bound([Extent(0, GiB, DATA)], GiB, to, {}) > GiB


@pytest.mark.parametrize(
    ("to", "options"),
    [
        (DiskFormat.RAW, {}),
        (DiskFormat.VHD, {"subformat": "fixed"}),
        (DiskFormat.VDI, {"static": "on"}),
        (DiskFormat.VMDK, {"subformat": "monolithicFlat"}),
    ],
)
def test_full_length_counts_where_there_are_no_holes(to: DiskFormat, options: dict[str, str]) -> None:
    assert room_bound([Extent(0, GiB, ZERO)], GiB, to, options, holds_holes=False) >= GiB
    assert room_bound([Extent(0, GiB, ZERO)], GiB, to, options, holds_holes=True) < 64 * MiB


def test_preallocation_writes_everything_even_with_holes() -> None:
    assert room_bound([], GiB, DiskFormat.QCOW2, {"preallocation": "full"}) > GiB
    assert room_bound([], GiB, DiskFormat.QCOW2, {"preallocation": "off"}) < GiB + 64 * KiB
