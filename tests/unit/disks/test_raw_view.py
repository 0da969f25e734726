"""Bytes that lie in a file as they are."""

import os
from pathlib import Path

import pytest

from imgkit.disks.headers.header import ImageHeader, Region
from imgkit.disks.raw_view import RawView
from imgkit.errors import Differs, NotAccessible
from imgkit.model.disk import Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.units import MiB


def view_of(path: Path, *, size: int, offset: int = 0) -> RawView:
    return RawView(
        ImageHeader(
            format=DiskFormat.RAW,
            virtual_size=size,
            file_size=size,
            path=path,
            files=(path,),
            region=Region(path=path, offset=offset),
        )
    )


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """1 MiB of hole, 1 MiB of data, 2 MiB of hole."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(MiB)
        file.write(b"x" * MiB)
        file.truncate(4 * MiB)
    return path


def test_reads_exactly_what_is_asked_for(sparse: Path) -> None:
    with view_of(sparse, size=4 * MiB) as view:
        assert view.size == 4 * MiB
        assert view.read(MiB - 2, 4) == b"\0\0xx"
        assert view.read(4 * MiB - 1, 1) == b"\0"


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 4 * MiB + 1), (4 * MiB, 1), (0, -1)])
def test_refuses_ranges_outside_the_disk(sparse: Path, offset: int, length: int) -> None:
    with view_of(sparse, size=4 * MiB) as view, pytest.raises(ValueError, match="outside"):
        view.read(offset, length)


def test_tells_holes_from_data(sparse: Path) -> None:
    with view_of(sparse, size=4 * MiB) as view:
        assert list(view.extents()) == [
            Extent(0, MiB, ExtentKind.ZERO),
            Extent(MiB, MiB, ExtentKind.DATA),
            Extent(2 * MiB, 2 * MiB, ExtentKind.ZERO),
        ]


def test_a_stretch_of_a_file_begins_at_its_own_zero_and_ends_at_its_own_end(sparse: Path) -> None:
    with view_of(sparse, size=MiB, offset=MiB + MiB // 2) as view:
        assert list(view.extents()) == [
            Extent(0, MiB // 2, ExtentKind.DATA),
            Extent(MiB // 2, MiB // 2, ExtentKind.ZERO),
        ]
        assert view.read(MiB // 2 - 1, 2) == b"x\0"
        with pytest.raises(ValueError, match="outside"):
            view.read(0, MiB + 1)


def test_where_the_system_knows_no_holes_all_is_data(sparse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: int) -> int:
        raise OSError(22, "Invalid argument")

    with view_of(sparse, size=4 * MiB) as view:
        monkeypatch.setattr(os, "lseek", unknown)
        assert list(view.extents()) == [Extent(0, 4 * MiB, ExtentKind.DATA)]


def test_a_file_that_became_shorter_is_no_zeroes(sparse: Path) -> None:
    with view_of(sparse, size=4 * MiB) as view:
        os.truncate(sparse, MiB)
        with pytest.raises(Differs, match="was longer"):
            view.read(MiB - 10, 20)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible):
        view_of(tmp_path / "missing", size=512)
