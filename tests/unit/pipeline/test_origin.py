"""Tests of pipeline/origin.py."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import Road, services
from tests.unit.stages.cloud_fakes import NOW

from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import DiskRecord, TaskRecord
from imgkit.model.role import DiskRole
from imgkit.pipeline.origin import asking_meanwhile, clock_of, with_findings
from imgkit.pipeline.request import recorded_step

INFO = ObjectInfo(bucket="b", key="k", size=1, etag="e")


def test_the_services_clock_is_that_of_its_last_answer():
    dates = [replace(INFO, server_date=NOW + timedelta(seconds=number)) for number in range(3)]
    clock = clock_of(NOW, [*dates, INFO], NOW + timedelta(seconds=5))
    assert clock is not None
    assert clock.service == NOW + timedelta(seconds=2)
    assert clock_of(NOW, [INFO], NOW) is None


def test_whose_credentials_these_are_is_asked_while_something_else_is(road: Road):
    with road.run() as run, asking_meanwhile(run) as caller:
        assert caller().account_id == "1234567890123456"


@pytest.fixture
def road(tmp_path: Path) -> Road:
    return Road(folder=tmp_path / "set", services=services(tmp_path / "home"))


def test_what_does_not_fit_is_told_once_noted_at_the_step_and_kept(road: Road):
    late = DiskRecord(role=DiskRole(), object=replace(INFO, last_modified=NOW + timedelta(days=1)))
    with road.run() as run, recorded_step(run, "export") as draft:
        task = TaskRecord(task_id="t-1", finished=NOW)
        manifest = replace(run.image_set.manifest, source=replace(run.image_set.manifest.source, task=task))
        once = with_findings(run, manifest, [late], draft)
        twice = with_findings(run, once, [late], draft)
        assert (len(once.findings), twice.findings) == (1, once.findings)
        assert (draft.notes, tuple(run.shortfalls)) == (once.findings, once.findings)
