"""Writing a guest view as a raw file with holes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.errors import Differs
from imgkit.model.disk import Extent, ExtentKind
from imgkit.units import MiB


class FakeView:
    def __init__(self, content: bytes, extents: list[Extent], *, broken: bool = False) -> None:
        self.content = content
        self._extents = extents
        self.broken = broken

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        if self.broken:
            raise Differs("cannot be read")
        return self.content[offset : offset + length]

    def extents(self) -> Iterator[Extent]:
        return iter(self._extents)

    def close(self) -> None:
        """Nothing to close."""


def test_copies_every_byte_and_keeps_an_odd_size(tmp_path: Path) -> None:
    content = bytes(3 * MiB + 100) + b"x" * 5 * MiB + bytes(7 * MiB) + b"end"
    view = FakeView(
        content,
        [
            Extent(0, 3 * MiB + 100, ExtentKind.ZERO),
            Extent(3 * MiB + 100, 5 * MiB, ExtentKind.DATA),
            Extent(8 * MiB + 100, 7 * MiB, ExtentKind.ZERO),
            Extent(15 * MiB + 100, 3, ExtentKind.DATA),
        ],
    )
    target = tmp_path / "copy"
    copy_sparsely(view, target)
    assert target.read_bytes() == content


def test_zeroes_that_count_as_data_are_not_stored(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    copy_sparsely(FakeView(bytes(32 * MiB), [Extent(0, 32 * MiB, ExtentKind.DATA)]), target)
    assert target.stat().st_size == 32 * MiB
    assert target.stat().st_blocks * 512 < MiB


def test_a_disk_of_zeroes_has_its_size(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    copy_sparsely(FakeView(bytes(5 * MiB), [Extent(0, 5 * MiB, ExtentKind.ZERO)]), target)
    assert target.stat().st_size == 5 * MiB


def test_a_read_that_fails_is_raised(tmp_path: Path) -> None:
    view = FakeView(bytes(64 * MiB), [Extent(0, 64 * MiB, ExtentKind.DATA)], broken=True)
    with pytest.raises(Differs):
        copy_sparsely(view, tmp_path / "copy")
