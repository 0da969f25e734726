"""Tests of pipeline/request.py."""

from pathlib import PurePosixPath

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, MemorySource, Road
from tests.unit.stages.cloud_fakes import SYSTEM

from imgkit.errors import ToolFailed
from imgkit.evidence.image_set import read_manifest
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Outcome
from imgkit.model.targets import Target
from imgkit.pipeline.request import Keep, Run, recorded_step

QCOW2, RAW = DiskFormat.QCOW2, DiskFormat.RAW


def _file(format_: DiskFormat, state: FileState = FileState.KEPT, size: int = 3) -> FileRecord:
    return FileRecord(
        path=PurePosixPath(f"system{format_.suffix}"),
        kind=FileKind.IMAGE,
        size=size,
        sha256="a" * 64,
        format=format_,
        state=state,
    )


def _know(run: Run, *records: FileRecord) -> None:
    with recorded_step(run, "unpack", SYSTEM) as draft:
        draft.finish(DiskRecord(role=SYSTEM, object=run.services.store("evidence").describe(SYSTEM_KEY), files=records))
    for each in records:
        if each.state is FileState.KEPT:
            run.path(each).write_bytes(b"abc")


def test_raw_is_taken_first_whatever_the_order(road: Road):
    with road.run() as run:
        _know(run, _file(QCOW2), _file(RAW))
        image = run.image(SYSTEM)
    assert image is not None
    assert image.format is RAW


def test_a_file_of_another_size_is_not_there(road: Road):
    with road.run() as run:
        _know(run, _file(RAW, size=4))
        assert run.image(SYSTEM) is None
        assert not run.has_made(SYSTEM, Target(format=RAW))


def test_an_image_that_was_let_go_on_purpose_counts_as_made(road: Road):
    with road.run(keep=frozenset({Keep.OBJECTS})) as run:
        _know(run, _file(QCOW2, FileState.DISCARDED))
        assert run.has_made(SYSTEM, Target(format=QCOW2))


def test_an_image_that_was_let_go_once_and_shall_stay_now_is_made_again(road: Road):
    with road.run() as run:
        _know(run, _file(QCOW2, FileState.DISCARDED))
        assert not run.has_made(SYSTEM, Target(format=QCOW2))


def test_a_step_that_fails_is_recorded_with_its_reason_and_goes_on_failing(road: Road):
    with road.run() as run, pytest.raises(ToolFailed), recorded_step(run, "convert", SYSTEM):
        raise ToolFailed("it broke")
    manifest = read_manifest(road.folder)
    assert manifest is not None
    step = manifest.steps[-1]
    assert (step.step, step.role, step.outcome, step.reason) == ("convert", "system", Outcome.FAILED, "it broke")
    assert step.ended > step.started


def test_an_interruption_is_no_failed_step(road: Road):
    with road.run() as run:
        with pytest.raises(KeyboardInterrupt), recorded_step(run, "convert", SYSTEM):
            raise KeyboardInterrupt
        assert run.image_set.manifest.steps == ()


def test_notes_of_a_step_are_told_with_the_disk(road: Road):
    with road.run() as run, recorded_step(run, "unpack", SYSTEM) as draft:
        draft.notes = ("something odd",)
        draft.finish()
    assert road.said == ["system: something odd"]


def test_a_presigned_url_goes_before_the_bucket(road: Road):
    source = MemorySource(b"", road.store.describe(SYSTEM_KEY))
    road.services.urls["https://x/y"] = source
    with road.run(urls={SYSTEM: "https://x/y"}) as run:
        _know(run)
        assert run.source(SYSTEM) is source


@pytest.mark.parametrize(
    ("formats", "keep", "kept"),
    [((QCOW2,), {Keep.IMAGES}, False), ((QCOW2,), {Keep.RAW}, True), ((QCOW2, RAW), {Keep.IMAGES}, True)],
)
def test_raw_stays_where_it_was_asked_for_either_way(road: Road, formats, keep, kept):
    assert road.request(formats=formats, keep=frozenset(keep)).keeps_raw is kept
