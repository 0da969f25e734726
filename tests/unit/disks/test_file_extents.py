"""Tests of disks/file_extents.py."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgkit.disks.file_extents import FileMap, data_in_file
from imgkit.model.disk import Extent, ExtentKind
from imgkit.units import MiB

DATA, ZERO = ExtentKind.DATA, ExtentKind.ZERO


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[int]:
    """Data from 1 to 2 MiB, holes around it, 4 MiB in all."""
    with (tmp_path / "disk").open("w+b") as file:
        file.truncate(4 * MiB)
        file.seek(MiB)
        file.write(b"x" * MiB)
        file.flush()
        yield file.fileno()


def test_holes_and_data_are_told_from_the_start_of_the_stretch(handle: int) -> None:
    found = list(data_in_file(handle, MiB // 2, 3 * MiB))
    assert found == [
        Extent(0, MiB // 2, ZERO),
        Extent(MiB // 2, MiB, DATA),
        Extent(MiB // 2 + MiB, 3 * MiB // 2, ZERO),
    ]


def test_what_lies_behind_the_files_end_is_for_a_read_to_judge(handle: int) -> None:
    assert list(data_in_file(handle, 3 * MiB, 2 * MiB)) == [Extent(0, MiB, ZERO), Extent(MiB, MiB, DATA)]
    assert list(data_in_file(handle, 9 * MiB, MiB)) == [Extent(0, MiB, DATA)]
    assert list(data_in_file(handle, 0, 0)) == []


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_where_the_file_system_knows_of_no_holes_all_is_data(
    handle: int, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, "no such thing here")

    monkeypatch.setattr(os, "lseek", refuse)
    assert list(data_in_file(handle, MiB, 2 * MiB)) == [Extent(0, 2 * MiB, DATA)]


def test_a_stretch_is_asked_for_once_whatever_lies_in_it(handle: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    honest = os.lseek

    def counting(where: int, place: int, how: int) -> int:
        asked.append(place)
        return honest(where, place, how)

    file_map = FileMap(handle)
    monkeypatch.setattr(os, "lseek", counting)
    for place in range(MiB, 2 * MiB, 4096):
        assert list(file_map.parts(place, 4096)) == [Extent(0, 4096, DATA)]
    assert len(asked) == 2
