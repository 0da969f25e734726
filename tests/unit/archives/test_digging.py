"""Zeroes that GNU tar stored become holes, and nothing that it has still to write is touched."""

import os
from pathlib import Path

import pytest

from imgkit.archives.digging import Digging
from imgkit.archives.tar_reader import Hole
from imgkit.files.sparse import SparseFile
from imgkit.units import MiB

PAGE = memoryview(b"\1" * 4096)


def test_zeroes_that_were_stored_become_holes_well_behind_the_writer(tmp_path: Path) -> None:
    content = bytes(PAGE) + bytes(MiB) + bytes(PAGE) * 1024 + bytes(4096)
    with SparseFile(tmp_path / "disk") as file:
        file.write_at(0, memoryview(content))
        before = stored_bytes(file)
        digging = Digging(file)
        digging.fed(memoryview(content[: 4096 + MiB]))
        for _ in range(1023):
            digging.fed(PAGE)
        assert stored_bytes(file) == before
        digging.fed(PAGE)
        assert stored_bytes(file) == before - MiB
        digging.finish()
        assert stored_bytes(file) == 1025 * 4096
        assert file.path.read_bytes() == content


def test_holes_of_the_map_count_as_gaps_and_not_as_bytes_on_the_way(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk") as file:
        file.write_at(0, memoryview(bytes(3 * MiB)))
        digging = Digging(file)
        digging.fed(Hole(length=2 * MiB))
        digging.fed(PAGE)
        file.write_at(2 * MiB, PAGE)
        assert stored_bytes(file) == 3 * MiB
        digging.finish()
        assert stored_bytes(file) == 4096


def test_where_nothing_can_be_dug_it_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def cannot(_file: SparseFile, start: int, _end: int) -> bool:
        tried.append(start)
        return False

    monkeypatch.setattr(SparseFile, "dig", cannot)
    with SparseFile(tmp_path / "disk") as file:
        digging = Digging(file)
        for _ in range(3):
            digging.fed(Hole(length=8192))
            digging.fed(PAGE)
        digging.finish()
    assert tried == [0]


def stored_bytes(file: SparseFile) -> int:
    os.fsync(file.handle)
    return os.fstat(file.handle).st_blocks * 512
