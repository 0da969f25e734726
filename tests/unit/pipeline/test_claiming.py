"""Tests of pipeline/claiming.py."""

from pathlib import PurePosixPath

import pytest
from tests.unit.pipeline.road_fakes import Road
from tests.unit.stages.cloud_fakes import SYSTEM

from imgkit.errors import TargetExists
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Outcome, StepRecord
from imgkit.pipeline.claiming import claim_name, is_own, release_name, release_recorded
from imgkit.pipeline.request import Run

RAW = FileRecord(path=PurePosixPath("system.raw"), kind=FileKind.IMAGE, size=3, sha256="a" * 64)


def _record(run: Run) -> None:
    step = StepRecord(step="unpack", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
    run.image_set.record_step(step, DiskRecord(role=SYSTEM, files=(RAW,)))


def test_a_name_that_is_free_can_be_claimed_and_by_a_run_after_a_kill_again(road: Road):
    target = road.folder / "system.raw"
    with road.run() as run:
        claim_name(run, target)
    target.write_bytes(b"what a killed run left")
    with road.run() as run:
        claim_name(run, target)
        release_name(run, target)
        assert not is_own(run, target)


def test_somebodys_own_file_is_refused(road: Road):
    with road.run() as run:
        (road.folder / "system.raw").write_bytes(b"mine")
        with pytest.raises(TargetExists, match="not in the set's record"):
            claim_name(run, road.folder / "system.raw")


def test_a_dangling_link_is_refused_too(road: Road):
    with road.run() as run:
        (road.folder / "system.raw").symlink_to("nowhere")
        with pytest.raises(TargetExists):
            claim_name(run, road.folder / "system.raw")


def test_a_recorded_file_that_was_changed_since_is_refused(road: Road):
    with road.run() as run:
        _record(run)
        (road.folder / "system.raw").write_bytes(b"longer than it was")
        with pytest.raises(TargetExists, match="has been changed"):
            claim_name(run, road.folder / "system.raw")


def test_what_a_killed_run_had_recorded_is_no_longer_its_to_replace(road: Road):
    target = road.folder / "system.raw"
    with road.run() as run:
        claim_name(run, target)
        target.write_bytes(b"abc")
        _record(run)
        release_recorded(run, SYSTEM)
        assert not is_own(run, target)
