"""Zeroes become holes, whatever the cut of the bytes; what the disk refuses is said."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.errors import AlreadyAtWork, LocalError, NoRoom, NotAccessible
from imgkit.files.claims import remove_abandoned
from imgkit.files.sparse import PAGE_BYTES, DataFinder, SparseFile, SparseWriter, data_runs, local_error, stored_runs
from imgkit.units import KiB, MiB

PIECES = st.lists(
    st.one_of(
        st.integers(0, 3 * PAGE_BYTES),
        st.binary(max_size=40),
        st.integers(1, 3 * PAGE_BYTES).map(lambda length: b"\1" * length),
    ),
    max_size=8,
)


def runs_of(pieces: list[int | bytes]) -> tuple[bytes, list[tuple[int, bytes]], int]:
    """Feed data and holes (numbers); return the whole, what was found in it, and how much that was."""
    found: list[tuple[int, bytes]] = []
    finder = DataFinder(lambda offset, data: found.append((offset, bytes(data))))
    for piece in pieces:
        finder.skip(piece) if isinstance(piece, int) else finder.write(memoryview(piece))
    finder.finish()
    whole = b"".join(bytes(piece) if isinstance(piece, int) else piece for piece in pieces)
    assert finder.position == len(whole)
    return whole, found, finder.data_bytes


def painted(found: list[tuple[int, bytes]], size: int) -> bytes:
    canvas = bytearray(size)
    for offset, data in found:
        canvas[offset : offset + len(data)] = data
    return bytes(canvas)


@settings(max_examples=200)
@given(PIECES)
def test_what_is_found_is_all_there_is(pieces: list[int | bytes]) -> None:
    whole, found, data_bytes = runs_of(pieces)
    assert painted(found, len(whole)) == whole
    assert data_bytes == sum(len(data) for _, data in found)
    assert all(data.strip(b"\0") for _, data in found)
    ends = [0, *(offset + len(data) for offset, data in found)]
    assert all(offset >= end for (offset, _), end in zip(found, ends, strict=False))


@settings(max_examples=100)
@given(PIECES, st.integers(1, 5000))
def test_the_cut_of_the_bytes_changes_nothing(pieces: list[int | bytes], step: int) -> None:
    whole, _, data_bytes = runs_of(pieces)
    again = runs_of([whole[start : start + step] for start in range(0, len(whole), step)])
    assert (again[0], again[2]) == (whole, data_bytes)


def test_only_whole_pages_of_zeroes_are_left_out() -> None:
    data = bytes(PAGE_BYTES) + bytes(PAGE_BYTES - 1) + b"\1" + bytes(60 * PAGE_BYTES) + b"\1" + bytes(10)
    assert list(data_runs(memoryview(data))) == [(PAGE_BYTES, 2 * PAGE_BYTES), (62 * PAGE_BYTES, len(data))]


def test_a_sparse_file_takes_the_room_of_its_data(tmp_path: Path) -> None:
    with SparseWriter(tmp_path / "disk") as writer:
        writer.skip(20 * MiB + 3)
        writer.write(memoryview(b"data"))
        writer.write(memoryview(bytes(5 * MiB)))
        writer.finish()
        assert (writer.position, writer.data_bytes) == (25 * MiB + 7, PAGE_BYTES)
    content = (tmp_path / "disk").read_bytes()
    assert content == bytes(20 * MiB + 3) + b"data" + bytes(5 * MiB)
    assert (tmp_path / "disk").stat().st_blocks * 512 <= 64 * KiB


def test_a_size_known_before_is_had_at_once(tmp_path: Path) -> None:
    with SparseWriter(tmp_path / "disk", size=MiB):
        assert (tmp_path / "disk").stat().st_size == MiB


def test_a_size_that_cannot_be_had_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises((NoRoom, NotAccessible)):
        SparseWriter(tmp_path / "disk", size=(1 << 63) - 1)


def test_nothing_that_is_there_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("mine", "link"):
        with pytest.raises(NotAccessible, match="cannot write"):
            SparseFile(tmp_path / name)
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: whole(handle, data[:3], offset))
    with SparseFile(tmp_path / "disk") as file:
        file.write_at(2, memoryview(b"abcdefgh"))
    assert (tmp_path / "disk").read_bytes() == b"\0\0abcdefgh"


def test_stored_runs_skip_holes(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk") as file:
        file.write_at(MiB, memoryview(b"\1" * 64 * KiB))
        file.set_size(3 * MiB)
        runs = list(stored_runs(file.handle, 3 * MiB))
    assert runs[0][0] <= MiB < runs[-1][1]
    assert sum(end - start for start, end in runs) < MiB


def test_a_file_of_holes_alone_has_no_runs(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk") as file:
        file.set_size(MiB)
        assert list(stored_runs(file.handle, MiB)) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_a_size_cannot_be_set_the_last_byte_is_written(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with SparseFile(tmp_path / "disk") as file:
        file.write_at(0, memoryview(b"data"))
        monkeypatch.setattr(os, "ftruncate", refuse)
        file.set_size(MiB)
        assert (tmp_path / "disk").read_bytes() == b"data" + bytes(MiB - 4)
        with pytest.raises(LocalError):
            file.set_size(1)
    assert (tmp_path / "disk").stat().st_size == MiB


def test_where_holes_cannot_be_asked_for_all_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    with SparseFile(tmp_path / "disk") as file:
        monkeypatch.setattr(os, "lseek", refuse)
        assert list(stored_runs(file.handle, 100)) == [(0, 100)]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, NoRoom), (errno.EDQUOT, NoRoom), (errno.EFBIG, NoRoom), (errno.EROFS, NotAccessible)],
)
def test_what_the_system_says_gets_its_name(number: int, kind: type[LocalError]) -> None:
    error = local_error(OSError(number, os.strerror(number)), Path("disk"))
    assert type(error) is kind
    assert "disk" in error.message
    assert os.strerror(number) in error.message
    assert error.hint


def test_a_program_that_writes_the_file_holds_no_lock_of_ours(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk") as file, file.open_again() as handle:
        lingering = os.dup(handle)
    try:
        remove_abandoned(tmp_path / "disk")
        assert not (tmp_path / "disk").exists()
    finally:
        os.close(lingering)


def test_a_file_that_somebody_replaced_is_not_opened_again(tmp_path: Path) -> None:
    with SparseFile(tmp_path / "disk") as file:
        (tmp_path / "other").touch()
        (tmp_path / "other").replace(tmp_path / "disk")
        with pytest.raises(AlreadyAtWork), file.open_again():
            pass
