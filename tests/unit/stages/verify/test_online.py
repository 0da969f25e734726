"""Tests of stages/verify/online.py."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, FakeServices, finished
from tests.unit.stages.cloud_fakes import NOW, lives
from tests.unit.stages.verify.small_set import manifest_of, small_set

from imgkit.errors import AccessDenied
from imgkit.model.checking import CheckResult
from imgkit.model.manifest import Manifest, Outcome, SourceKind
from imgkit.model.task import TaskState
from imgkit.stages.verify import check_online


@pytest.fixture
def made(tmp_path: Path) -> tuple[Manifest, FakeServices]:
    folder, services = small_set(tmp_path)
    return manifest_of(folder), services


def _ask(manifest: Manifest, services: FakeServices) -> CheckResult:
    return check_online(manifest, store_of=lambda info: services.store(info.bucket), cloud=services.cloud)


def test_object_and_task_as_they_were_hold(made: tuple[Manifest, FakeServices]):
    result = _ask(*made)
    assert result.held
    assert [link.disk for link in result.links] == ["system", ""]


def test_another_object_differs_by_what_is_other(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    services.fake_store.put(SYSTEM_KEY, b"other bytes")
    (link,) = _ask(manifest, services).of(Outcome.FAILED)
    assert "its size is 11" in link.detail
    assert "CRC-64" in link.detail


def test_what_is_gone_is_said_to_be_gone(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    services.fake_store.keys.clear()
    (link,) = _ask(manifest, services).of(Outcome.UNDETERMINED)
    assert link.detail.startswith("gone")
    assert manifest.disks[0].object is not None
    cleaned = replace(manifest, removed=(manifest.disks[0].object.url,))
    assert _ask(cleaned, services).held


def test_who_may_not_ask_could_not_look(made: tuple[Manifest, FakeServices], monkeypatch: pytest.MonkeyPatch):
    manifest, services = made

    def refused(*_: object) -> None:
        raise AccessDenied("no right to look")

    monkeypatch.setattr(services.fake_store, "describe", refused)
    (link,) = _ask(manifest, services).of(Outcome.UNDETERMINED)
    assert "no right to look" in link.detail


def test_a_task_that_ecs_forgot_is_a_note(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    services.fake_cloud.lives.clear()
    result = _ask(manifest, services)
    assert result.held
    assert any("is gone" in note for note in result.notes)


def test_a_task_that_is_told_otherwise_now_differs(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    assert manifest.source.task is not None
    task = replace(manifest.source.task, finished=NOW)
    other = replace(
        finished(), state=TaskState.FAILED, status_word="Failed", image_id="m-other", finished=NOW + timedelta(days=1)
    )
    services.fake_cloud.lives = lives([other])
    changed = replace(manifest, source=replace(manifest.source, task=task))
    (link,) = _ask(changed, services).of(Outcome.FAILED)
    assert link.detail == "it is Failed, it exports m-other, it ended at another time"


def test_a_presigned_url_is_not_kept_so_there_is_nobody_to_ask(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    by_url = replace(manifest, source=replace(manifest.source, kind=SourceKind.URL))
    assert "presigned" in _ask(by_url, services).of(Outcome.UNDETERMINED)[0].detail


def test_archives_of_this_machine_have_no_service(made: tuple[Manifest, FakeServices]):
    manifest, services = made
    local = replace(
        manifest,
        disks=tuple(replace(each, object=None) for each in manifest.disks),
        source=replace(manifest.source, kind=SourceKind.ARCHIVES, task=None),
    )
    result = _ask(local, services)
    assert (result.links, len(result.notes)) == ((), 1)
