"""Tests of pipeline/rederiving.py, without conversions: those are tested with qemu-img."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import DISK, Road
from tests.unit.stages.verify.small_set import ARCHIVE, flip, small_set

from imgkit.errors import Differs
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord
from imgkit.pipeline.rederiving import Sound, make_chunks_again, make_image_again
from imgkit.pipeline.request import Run

CHUNKS = "digests/system.chunks"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder, services = small_set(tmp_path)
    with Road(folder=folder, services=services).run() as made:
        yield made


def _disk(run: Run) -> DiskRecord:
    return run.image_set.manifest.disks[0]


def _record(run: Run, kind: FileKind) -> FileRecord:
    record = _disk(run).file(kind)
    assert record is not None
    return record


@pytest.mark.parametrize("sound", [{"system.raw"}, {ARCHIVE}, {ARCHIVE, "system.raw"}])
def test_chunk_digests_come_from_whatever_holds_and_are_the_same_file(run: Run, sound: set[str]):
    before = (run.folder / CHUNKS).read_bytes()
    (run.folder / CHUNKS).unlink()
    record = _record(run, FileKind.CHUNKS)
    assert make_chunks_again(run, _disk(run), record, Sound(paths=sound)) == record
    assert (run.folder / CHUNKS).read_bytes() == before


def test_where_nothing_holds_nothing_is_written(run: Run):
    before = (run.folder / CHUNKS).read_bytes()
    with pytest.raises(Differs, match="nothing to make it from"):
        make_chunks_again(run, _disk(run), _record(run, FileKind.CHUNKS), Sound(paths=set()))
    assert (run.folder / CHUNKS).read_bytes() == before


def test_digests_that_are_not_the_manifests_are_not_written(run: Run):
    """What was called sound has changed since, or never was this disk."""
    before = (run.folder / CHUNKS).read_bytes()
    flip(run.folder / "system.raw", 3)
    with pytest.raises(Differs, match="not the disk"):
        make_chunks_again(run, _disk(run), _record(run, FileKind.CHUNKS), Sound(paths={"system.raw"}))
    assert (run.folder / CHUNKS).read_bytes() == before


def test_a_raw_disk_comes_out_of_the_archive_again(run: Run):
    flip(run.folder / "system.raw", 3)
    record = _record(run, FileKind.IMAGE)
    assert make_image_again(run, _disk(run), record, Sound(paths={ARCHIVE})) == record
    assert (run.folder / "system.raw").read_bytes() == DISK
    assert not list(run.image_set.workspace.glob("*.repair"))


def test_an_archive_with_another_disk_in_it_replaces_nothing(run: Run):
    flip(run.folder / "system.raw", 3)
    damaged = (run.folder / "system.raw").read_bytes()
    other = replace(_record(run, FileKind.IMAGE), sha256="0" * 64)
    with pytest.raises(Differs, match="does not hold the disk"):
        make_image_again(run, _disk(run), other, Sound(paths={ARCHIVE}))
    assert (run.folder / "system.raw").read_bytes() == damaged
    assert not list(run.image_set.workspace.glob("*.repair"))


def test_without_archive_and_images_there_is_nothing_to_make_it_from(run: Run):
    with pytest.raises(Differs, match="nothing to make it from"):
        make_image_again(run, _disk(run), _record(run, FileKind.IMAGE), Sound(paths={CHUNKS}))
