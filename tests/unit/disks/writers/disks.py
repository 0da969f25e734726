"""Disks of every shape for writers, and how a result is read back."""

import random
from pathlib import Path

from tests.unit.disks.fake_view import FakeView

from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.model.disk import Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB, MiB

DATA, ZERO = ExtentKind.DATA, ExtentKind.ZERO
NOISE = random.Random(7).randbytes(3 * MiB)


def disk(size: int, *runs: tuple[int, bytes]) -> FakeView:
    content = bytearray(size)
    extents, place = [], 0
    for offset, data in sorted(runs):
        content[offset : offset + len(data)] = data
        if offset > place:
            extents.append(Extent(place, offset - place, ZERO))
        extents.append(Extent(offset, len(data), DATA))
        place = offset + len(data)
    if place < size:
        extents.append(Extent(place, size - place, ZERO))
    return FakeView(bytes(content), extents)


SHAPES = {
    "one sector": disk(512, (0, b"x" * 512)),
    "nothing": disk(5 * MiB),
    "zeroes that count as data": disk(5 * MiB, (MiB, bytes(MiB))),
    "noise": disk(3 * MiB, (0, NOISE)),
    "text": disk(9 * MiB, (0, b"well compressible " * 500_000)),
    "far apart": disk(100 * MiB, (0, b"first"), (33 * MiB + 5, NOISE[: 300 * KiB]), (100 * MiB - 512, b"z" * 512)),
    "up to a table's end": disk(64 * MiB, (32 * MiB - 512, b"a" * 1024), (64 * MiB - 1, b"b")),
}


def read_back(path: Path, disk_format: DiskFormat) -> bytes:
    with open_guarded(read_header(path, stated=disk_format)) as view:
        return view.read(0, view.size)
