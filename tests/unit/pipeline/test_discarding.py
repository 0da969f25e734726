"""Tests of pipeline/discarding.py."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from tests.unit.pipeline.road_fakes import Road
from tests.unit.stages.cloud_fakes import SYSTEM

from imgkit.evidence.image_set import ImageSet, read_manifest
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Outcome, StepRecord
from imgkit.pipeline.claiming import mark_own
from imgkit.pipeline.discarding import discard
from imgkit.pipeline.request import Run

RAW = FileRecord(path=PurePosixPath("system.raw"), kind=FileKind.IMAGE, size=3, sha256="a" * 64)


def _begin(run: Run, *records: FileRecord) -> None:
    step = StepRecord(step="unpack", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
    run.image_set.record_step(step, DiskRecord(role=SYSTEM, files=records))
    for each in records:
        run.path(each).write_bytes(b"abc")


def test_what_goes_is_in_the_record_before_it_is_removed(road: Road, monkeypatch: pytest.MonkeyPatch):
    seen = []
    record = ImageSet.record

    def watched(self: ImageSet, *words: object, **named: object) -> None:
        seen.append((road.folder / "system.raw").exists())
        record(self, *words, **named)  # type: ignore[arg-type]  # handed on as it came

    with road.run() as run:
        _begin(run, RAW)
        monkeypatch.setattr(ImageSet, "record", watched)
        discard(run, SYSTEM, [RAW])
    assert seen == [True]
    assert not (road.folder / "system.raw").exists()


def test_the_record_keeps_the_digests_of_what_went(road: Road):
    with road.run() as run:
        _begin(run, RAW)
        discard(run, SYSTEM, [RAW])
    manifest = read_manifest(road.folder)
    assert manifest is not None
    assert manifest.disks[0].files == (replace(RAW, state=FileState.DISCARDED),)
    assert (manifest.steps[-1].step, manifest.steps[-1].arguments) == ("discard", ("system.raw",))


def test_a_file_that_a_killed_run_recorded_as_gone_is_removed_without_another_step(road: Road):
    with road.run() as run:
        _begin(run, replace(RAW, state=FileState.DISCARDED))
        mark_own(run, run.path(RAW))
        discard(run, SYSTEM, [])
        assert [each.step for each in run.image_set.manifest.steps] == ["unpack"]
    assert not (road.folder / "system.raw").exists()


def test_a_file_that_somebody_put_where_a_discarded_one_was_is_left_alone(road: Road):
    with road.run() as run:
        _begin(run, RAW)
        discard(run, SYSTEM, [RAW])
        run.path(RAW).write_bytes(b"mine")
        discard(run, SYSTEM, [])
    assert (road.folder / "system.raw").read_bytes() == b"mine"


def test_a_file_outside_the_set_is_never_removed(road: Road, tmp_path):
    outside = tmp_path / "mine.tar.gz"
    record = replace(RAW, path=PurePosixPath(outside), state=FileState.OUTSIDE)
    with road.run() as run:
        _begin(run, record)
        discard(run, SYSTEM, [record])
    assert outside.exists()
