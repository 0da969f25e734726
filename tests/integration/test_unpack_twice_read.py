"""Sparse files from GNU tar, which reads the archive by itself: what it is given changes nothing that is believed."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.archives import tar_samples as t

from imgkit.archives.second_reading import ReadAgain
from imgkit.archives.tar_reader import Hole, Member
from imgkit.errors import ArchiveDamaged, ToolFailed
from imgkit.model.unpacked import TarEngine, UnpackedDisk
from imgkit.stages.unpack import unpack_archive
from imgkit.units import KiB, MiB

SEGMENTS = [(MiB, 3 * MiB), (8 * MiB, 5 * MiB), (32 * MiB, 64 * KiB)]
DATA = random.Random(7).randbytes(4 * MiB) + bytes(2 * MiB) + random.Random(8).randbytes(2 * MiB + 64 * KiB)
SIZE = 64 * MiB

pytestmark = pytest.mark.tools("tar")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.tgz"
    path.write_bytes(t.gzipped(t.pax_sparse_10(DATA, SEGMENTS, SIZE) + t.END))
    return path


def unpack_reading(
    archive: Path, again: ReadAgain | None, monkeypatch: pytest.MonkeyPatch, engine: TarEngine = TarEngine.GNU
) -> UnpackedDisk:
    monkeypatch.setattr("imgkit.stages.unpack.second_reading", lambda _path, _kind: again)
    return unpack_archive(archive, archive.parent / "disk", engine=engine, overwrite=True)


def test_read_once_or_twice_it_is_the_same_disk(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = archive.parent / "disk"
    twice = unpack_archive(archive, disk, engine=TarEngine.GNU)
    content, blocks = disk.read_bytes(), disk.stat().st_blocks
    once = unpack_reading(archive, None, monkeypatch)
    builtin = unpack_reading(archive, None, monkeypatch, TarEngine.BUILTIN)
    assert twice.chunks == once.chunks == builtin.chunks
    assert twice.sha256 == once.sha256 == builtin.sha256
    assert content == disk.read_bytes()
    assert blocks * 512 <= len(DATA) - 2 * MiB + 64 * KiB


def other_bytes(_member: Member) -> Iterator[memoryview | Hole]:
    yield memoryview(DATA[:-1] + b"\0")


def too_few(_member: Member) -> Iterator[memoryview | Hole]:
    yield memoryview(DATA[: 5 * MiB])


@pytest.mark.parametrize("again", [other_bytes, too_few])
def test_an_archive_that_reads_differently_the_second_time_is_found_out(
    archive: Path, again: ReadAgain, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolFailed, match="do not unpack the same bytes"):
        unpack_reading(archive, again, monkeypatch)
    assert not list(archive.parent.glob("disk*"))


def test_an_archive_that_was_replaced_by_another_is_named(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(_member: Member) -> Iterator[memoryview | Hole]:
        yield memoryview(DATA[:MiB])
        raise ArchiveDamaged("the archive changed while it was read")

    with pytest.raises(ArchiveDamaged, match="changed while it was read"):
        unpack_reading(archive, replaced, monkeypatch)
    assert not list(archive.parent.glob("disk*"))


def test_damage_that_the_first_reading_finds_ends_the_second(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading has no end of its own here: only that of GNU tar ends it."""

    def endless(_member: Member) -> Iterator[memoryview | Hole]:
        while True:
            yield memoryview(bytes(MiB))

    os.truncate(archive, archive.stat().st_size - MiB)
    with pytest.raises(ArchiveDamaged, match="cut off"):
        unpack_reading(archive, endless, monkeypatch)
    assert not list(archive.parent.glob("disk*"))


def test_a_second_reading_skips_what_stands_before_the_member(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(
        t.gzipped(t.file(b"read me" * 100, b"notes") + t.pax_sparse_10(DATA, SEGMENTS, SIZE) + t.END)
        + t.gzipped(bytes(10240))
    )
    done = unpack_archive(path, tmp_path / "disk", engine=TarEngine.GNU)
    assert done.companions == ("notes",)
    assert (tmp_path / "disk").stat().st_size == SIZE


def test_what_the_first_reading_finds_ends_the_second_before_it_comes_to_its_member(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the way past a first disk of a terabyte: only that GNU tar is gone can end it."""

    def on_the_way_for_ever(_member: Member) -> Iterator[memoryview | Hole]:
        while True:
            yield memoryview(b"")

    os.truncate(archive, archive.stat().st_size - MiB)
    with pytest.raises(ArchiveDamaged, match="cut off"):
        unpack_reading(archive, on_the_way_for_ever, monkeypatch)
