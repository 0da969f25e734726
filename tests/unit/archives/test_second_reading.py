"""Tests of archives/second_reading.py."""

import gzip
import os
from pathlib import Path

import pytest
from tests.unit.archives.tar_samples import END, file

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.second_reading import is_worth_it, second_reading
from imgkit.archives.sparse_map import SparseMap
from imgkit.archives.tar_reader import Member, TarReader
from imgkit.errors import ArchiveDamaged
from imgkit.model.unpacked import ArchiveKind

TAR = file(b"first", b"notes") + file(b"disk" * 500, b"system.raw") + END


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def members() -> list[Member]:
    return list(TarReader(ByteStream([TAR])))


@pytest.mark.parametrize("kind", [ArchiveKind.GZIP, ArchiveKind.TAR])
def test_each_member_is_read_again_from_where_its_content_begins(tmp_path: Path, kind: ArchiveKind) -> None:
    path = tmp_path / "archive"
    path.write_bytes(gzip.compress(TAR) if kind is ArchiveKind.GZIP else TAR)
    again = second_reading(path, kind)
    assert again is not None
    contents = [b"".join(run for run in again(member) if isinstance(run, memoryview)) for member in members()]
    assert contents == [b"first", b"disk" * 500]


def test_what_is_slow_to_inflate_is_read_once(tmp_path: Path) -> None:
    assert second_reading(tmp_path / "a", ArchiveKind.XZ) is None
    assert second_reading(tmp_path / "a", ArchiveKind.BZIP2) is None


def test_one_core_has_no_time_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert second_reading(tmp_path / "a", ArchiveKind.GZIP) is None


def test_an_archive_without_the_member_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(file(b"another" * 700, b"system.raw") + END)
    again = second_reading(path, ArchiveKind.TAR)
    assert again is not None
    with pytest.raises(ArchiveDamaged, match="changed while it was read"):
        list(again(members()[1]))


def test_on_the_way_to_a_late_member_it_can_be_stopped_at_every_step(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    tar = file(b"large" * 200_000, b"first.raw") + file(b"disk" * 500, b"system.raw") + END
    path.write_bytes(tar)
    again = second_reading(path, ArchiveKind.TAR)
    assert again is not None
    runs = list(again(list(TarReader(ByteStream([tar])))[1]))
    assert [bytes(run) for run in runs if isinstance(run, memoryview)][:3] == [b""] * 3
    assert b"".join(bytes(run) for run in runs if isinstance(run, memoryview)) == b"disk" * 500


def test_an_archive_that_took_the_place_of_another_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(TAR)
    again = second_reading(path, ArchiveKind.TAR)
    assert again is not None
    path.with_name("new").write_bytes(TAR)
    path.with_name("new").rename(path)
    with pytest.raises(ArchiveDamaged, match="took its place"):
        list(again(members()[1]))


def test_many_small_pieces_are_not_worth_it() -> None:
    small, large = SparseMap(1 << 40), SparseMap(1 << 40)
    for number in range(100):
        small.add(number << 20, 512)
        large.add(number << 20, 65536)
    assert not is_worth_it(Member(name=b"a", size=small.size, stored_bytes=small.stored_bytes, sparse=small))
    assert is_worth_it(Member(name=b"a", size=large.size, stored_bytes=large.stored_bytes, sparse=large))
