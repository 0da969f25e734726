"""Tests of pipeline/refetching.py."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, Road
from tests.unit.stages.verify.small_set import ARCHIVE, PARTS, flip, small_set

from imgkit.errors import Differs, NoSuchBucketOrObject, ObjectChanged, SettingsError
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, SourceKind
from imgkit.pipeline.rederiving import Sound
from imgkit.pipeline.refetching import refetch_object, write_parts_again
from imgkit.pipeline.request import Run
from imgkit.transfer.parts_file import read_parts_file


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder, services = small_set(tmp_path)
    with Road(folder=folder, services=services).run() as made:
        yield made


def _record(disk: DiskRecord, kind: FileKind) -> FileRecord:
    record = disk.file(kind)
    assert record is not None
    return record


def _refetch(run: Run, disk: DiskRecord | None = None) -> tuple[FileRecord, ...]:
    disk = disk or run.image_set.manifest.disks[0]
    return refetch_object(run, disk, _record(disk, FileKind.ARCHIVE))


def test_the_mended_object_takes_the_damaged_ones_place(run: Run):
    sound = (run.folder / ARCHIVE).read_bytes()
    flip(run.folder / ARCHIVE, 50)
    archive, parts = _refetch(run)
    assert (archive.path.as_posix(), parts.path.as_posix()) == (ARCHIVE, PARTS)
    assert (run.folder / ARCHIVE).read_bytes() == sound
    assert read_parts_file(run.folder / PARTS).sha256 == archive.sha256
    assert not (run.image_set.workspace / "repair").exists()


def test_what_an_earlier_run_had_mended_is_only_put_in_place(run: Run):
    work = run.image_set.workspace / "repair"
    work.mkdir()
    for name in (ARCHIVE, PARTS):
        (work / Path(name).name).write_bytes((run.folder / name).read_bytes())
    flip(run.folder / ARCHIVE, 50)
    run.services.fake_store.asked.clear()  # type: ignore[attr-defined]  # a fake's
    _refetch(run)
    assert run.services.fake_store.asked == []  # type: ignore[attr-defined]
    assert (run.folder / ARCHIVE).read_bytes()[50] == run.services.fake_store.content[SYSTEM_KEY][50]  # type: ignore[attr-defined]


def test_a_run_that_was_killed_between_the_parts_file_and_the_object_is_gone_on_with(run: Run):
    sound = (run.folder / ARCHIVE).read_bytes()
    work = run.image_set.workspace / "repair"
    work.mkdir()
    (work / Path(ARCHIVE).name).write_bytes(sound)
    flip(run.folder / ARCHIVE, 50)
    _refetch(run)
    assert (run.folder / ARCHIVE).read_bytes() == sound
    assert not work.exists()


def test_another_object_by_now_replaces_nothing(run: Run):
    flip(run.folder / ARCHIVE, 50)
    damaged = (run.folder / ARCHIVE).read_bytes()
    run.services.fake_store.put(SYSTEM_KEY, b"other")  # type: ignore[attr-defined]
    with pytest.raises(ObjectChanged):
        _refetch(run)
    run.services.fake_store.keys.clear()  # type: ignore[attr-defined]
    with pytest.raises(NoSuchBucketOrObject):
        _refetch(run)
    assert (run.folder / ARCHIVE).read_bytes() == damaged


def test_what_the_manifest_does_not_mean_is_not_put_in_place(run: Run):
    disk = run.image_set.manifest.disks[0]
    other = replace(_record(disk, FileKind.ARCHIVE), sha256="0" * 64)
    flip(run.folder / ARCHIVE, 50)
    damaged = (run.folder / ARCHIVE).read_bytes()
    with pytest.raises(Differs, match="not what the manifest says"):
        refetch_object(run, disk, other)
    assert (run.folder / ARCHIVE).read_bytes() == damaged


def test_without_a_bucket_there_is_nowhere_to_fetch_from(run: Run):
    disk = run.image_set.manifest.disks[0]
    with pytest.raises(Differs, match="came from this machine"):
        _refetch(run, replace(disk, object=None))
    source = replace(run.image_set.manifest.source, kind=SourceKind.URL)
    run.image_set.manifest = replace(run.image_set.manifest, source=source)
    with pytest.raises(SettingsError, match="presigned URL"):
        _refetch(run)


def test_a_parts_file_is_made_from_an_object_that_holds_byte_for_byte(run: Run):
    disk = run.image_set.manifest.disks[0]
    record = _record(disk, FileKind.PARTS)
    before = (run.folder / PARTS).read_bytes()
    (run.folder / PARTS).write_text(json.dumps({}))
    with pytest.raises(Differs, match="does not hold"):
        write_parts_again(run, disk, record, Sound(paths=set()))
    assert write_parts_again(run, disk, record, Sound(paths={ARCHIVE})) == record
    assert (run.folder / PARTS).read_bytes() == before
