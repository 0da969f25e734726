"""Zeroes that GNU tar stored become holes, and nothing that it has still to write is touched."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_holes_of_the_map_are_left_alone_and_zeroes_on_either_side_are_not(tmp_path: Path) -> None:
    """GNU tar stores nothing of them; what stands there in this file was put there by the test, and stays."""
    with SparseFile(tmp_path / "disk") as file:
        file.write_at(0, memoryview(b"\2" * (4 * MiB)))
        digging = Digging(file)
        digging.fed(memoryview(bytes(MiB)))
        digging.fed(Hole(length=MiB))
        digging.fed(memoryview(bytes(8192) + bytes(PAGE)))
        digging.fed(Hole(length=2 * MiB - 3 * 4096))
        digging.finish()
        content = file.path.read_bytes()
    assert content[:MiB] == bytes(MiB)
    assert content[MiB : 2 * MiB] == b"\2" * MiB
    assert content[2 * MiB : 2 * MiB + 8192] == bytes(8192)
    assert content[2 * MiB + 8192 :] == b"\2" * (2 * MiB - 8192)


@given(
    st.lists(st.tuples(st.sampled_from(["zeroes", "data", "hole"]), st.integers(1, 20_000)), min_size=1, max_size=12)
)
def test_nothing_is_dug_that_was_not_fed_as_zeroes(pieces: list[tuple[str, int]]) -> None:
    """Whatever the cut: what the file holds afterwards is what was fed, and of holes what stood there before."""
    with TemporaryDirectory() as made, SparseFile(Path(made) / "disk") as file:
        expected = bytearray()
        runs: list[memoryview | Hole] = []
        for kind, length in pieces:
            runs.append(Hole(length=length) if kind == "hole" else memoryview(bytes([kind == "data"]) * length))
            expected += b"\0" * length if kind != "data" else b"\1" * length
        file.write_at(0, memoryview(expected))
        digging = Digging(file)
        for run in runs:
            digging.fed(run)
        digging.finish()
        assert file.path.read_bytes() == expected


def test_many_holes_cost_no_call_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dug: list[int] = []

    def dig(_file: SparseFile, start: int, _end: int) -> bool:
        dug.append(start)
        return True

    monkeypatch.setattr(SparseFile, "dig", dig)
    with SparseFile(tmp_path / "disk") as file:
        digging = Digging(file)
        for _ in range(5000):
            digging.fed(memoryview(b"\1" * 512))
            digging.fed(Hole(length=7680))
        file.set_size(5000 * 8192)
        digging.finish()
    assert dug == []


def test_where_nothing_can_be_dug_it_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def cannot(_file: SparseFile, start: int, _end: int) -> bool:
        tried.append(start)
        return False

    monkeypatch.setattr(SparseFile, "dig", cannot)
    with SparseFile(tmp_path / "disk") as file:
        digging = Digging(file)
        for _ in range(3):
            digging.fed(memoryview(bytes(8192)))
            digging.fed(PAGE)
        digging.finish()
    assert tried == [0]


def stored_bytes(file: SparseFile) -> int:
    os.fsync(file.handle)
    return os.fstat(file.handle).st_blocks * 512
