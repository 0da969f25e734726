"""Tests of pipeline/locating.py."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import (
    SYSTEM_KEY,
    XVDB_KEY,
    FakeServices,
    MemorySource,
    Road,
    RoadCloud,
    archive,
    finished,
)
from tests.unit.stages.cloud_fakes import IMAGE_ID, NOW, REQUEST, SYSTEM, XVDB, image, lives

from imgkit.digests import crc64
from imgkit.errors import (
    ExportFailed,
    NoRoom,
    NoSuchBucketOrObject,
    NotAccessible,
    NotExportable,
    SettingsError,
)
from imgkit.files.export_journal import ExportIntent, write_intent
from imgkit.model.image import DiskMapping
from imgkit.model.manifest import FileState, Manifest, Outcome, Source, SourceKind
from imgkit.model.preflight import refuse
from imgkit.model.task import TaskFailure, TaskState
from imgkit.pipeline.locating import locate
from imgkit.units import GiB


def _locate(road: Road, **fields: Any) -> Manifest:
    with road.run(**fields) as run:
        locate(run)
        return run.image_set.manifest


def _objects(*locations: str, **fields: Any) -> dict[str, Any]:
    return {"source": Source(kind=SourceKind.OBJECTS, bucket="evidence", locations=locations)} | fields


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From here on neither ECS nor OSS may be asked."""

    def never(*_: object) -> None:
        raise AssertionError("the cloud was asked")

    monkeypatch.setattr(FakeServices, "cloud", never)
    monkeypatch.setattr(FakeServices, "store", never)
    return monkeypatch


def test_an_image_is_exported_and_every_disk_has_its_object(two_disks: Road):
    manifest = _locate(two_disks)
    assert [(disk.role, disk.object and disk.object.key) for disk in manifest.disks] == [
        (SYSTEM, SYSTEM_KEY),
        (XVDB, XVDB_KEY),
    ]
    assert [disk.expected_bytes for disk in manifest.disks] == [40 * GiB, 20 * GiB]
    assert manifest.source.task is not None
    assert manifest.source.task.task_id == "t-1"
    assert manifest.source.image == image("xvdb")
    assert not (two_disks.folder / ".imgkit" / "export.json").exists()


def test_on_a_set_that_knows_its_disks_nothing_is_asked_again(two_disks: Road, request: pytest.FixtureRequest):
    first = _locate(two_disks)
    request.getfixturevalue("unreachable")
    assert _locate(two_disks) == first


def test_a_missing_disk_is_named_and_looked_for_again_without_another_export(two_disks: Road):
    content = two_disks.store.content[XVDB_KEY]
    two_disks.store.keys.pop(XVDB_KEY)
    first = _locate(two_disks)
    assert first.missing == (XVDB,)
    assert any("no object of disk xvdb" in words for words in two_disks.said)
    two_disks.store.put(XVDB_KEY, content)
    second = _locate(two_disks)
    assert second.missing == ()
    assert second.disk(XVDB) is not None
    assert second.disk(SYSTEM) == first.disk(SYSTEM)
    assert second.source.task == first.source.task
    assert len(two_disks.cloud.sent) == 1


def test_a_missing_disk_can_be_assigned(two_disks: Road):
    two_disks.store.keys.pop(XVDB_KEY)
    _locate(two_disks)
    two_disks.store.put("rescued/second.bin", archive())
    disk = _locate(two_disks, assigned={XVDB: "rescued/second.bin"}).disk(XVDB)
    assert disk is not None
    assert disk.object is not None
    assert disk.object.key == "rescued/second.bin"


def test_after_a_kill_the_journals_task_is_gone_on_with(road: Road):
    intent = ExportIntent(request=REQUEST, intended=NOW, task_id="t-1")
    with road.run(preflight=True) as run:
        write_intent(run.image_set.workspace / "export.json", intent)
        locate(run)
    assert not road.cloud.sent


@pytest.mark.parametrize(("at", "words"), [("export", "may have begun"), ("task", "the export task t-1 goes on")])
def test_an_interruption_names_what_it_leaves_running(road: Road, monkeypatch: pytest.MonkeyPatch, at, words):
    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(RoadCloud, at, interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        _locate(road)
    assert words in caught.value.__notes__[0]


def test_an_interruption_of_a_run_that_goes_on_names_the_journals_task(road: Road, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(RoadCloud, "image", interrupt)
    with road.run() as run:
        write_intent(
            run.image_set.workspace / "export.json", ExportIntent(request=REQUEST, intended=NOW, task_id="t-1")
        )
        with pytest.raises(KeyboardInterrupt) as caught:
            locate(run)
    assert "the export task t-1 of an earlier run" in caught.value.__notes__[0]


def test_after_an_export_without_any_object_the_next_run_begins_anew(road: Road):
    content = road.store.content[SYSTEM_KEY]
    road.store.keys.clear()
    with pytest.raises(NoSuchBucketOrObject):
        _locate(road)
    road.store.put(SYSTEM_KEY, content)
    road.cloud.answers.append("t-1")
    assert _locate(road).disk(SYSTEM) is not None
    assert len(road.cloud.sent) == 2


def test_what_a_task_failed_at_is_in_the_record(road: Road):
    road.cloud.lives = lives([finished(failures=(TaskFailure(code="C", message="m"),))])
    manifest = _locate(road)
    assert manifest.source.task is not None
    assert manifest.source.task.failures == ("C: m",)
    assert (manifest.steps[-1].outcome, manifest.steps[-1].reason) == (Outcome.FAILED, "C: m")


def test_a_task_that_failed_is_raised(road: Road):
    failed = replace(finished(), state=TaskState.FAILED, failures=(TaskFailure(code="C", message="m"),))
    road.cloud.lives = lives([failed])
    with pytest.raises(ExportFailed):
        _locate(road)


def test_an_export_that_is_there_is_taken_where_that_was_asked_for(road: Road):
    manifest = _locate(road, reuse=True, preflight=True)
    assert not road.cloud.sent
    assert manifest.source.task is None
    assert "taking the objects of an earlier export" in road.said


def test_a_refusal_of_the_preflight_comes_before_anything_is_spent(road: Road):
    road.cloud.known[IMAGE_ID] = image(os_type="windows")
    with pytest.raises(NotExportable):
        _locate(road, preflight=True)
    assert not road.cloud.sent


def test_what_the_preflight_warns_of_is_said(road: Road):
    large = DiskMapping(role=XVDB, device="/dev/xvdb", size_bytes=900 * GiB)
    road.cloud.known[IMAGE_ID] = image(disks=(*image().disks, large))
    _locate(road, preflight=True, reuse=True)
    assert any(words.startswith("warning: 1 data disks") for words in road.said)


def test_too_little_room_is_refused_as_soon_as_the_objects_are_known(road: Road, monkeypatch: pytest.MonkeyPatch):
    finding = refuse(NoRoom("too little"), rule="room")
    monkeypatch.setattr("imgkit.pipeline.locating.room_after", lambda *_, **__: (finding,))
    with pytest.raises(NoRoom):
        _locate(road, preflight=True, reuse=True)
    _locate(road)  # with --no-preflight


def test_an_object_is_taken_as_the_disk_that_its_name_says(road: Road):
    manifest = _locate(road, **_objects(f"oss://evidence/{SYSTEM_KEY}"))
    assert [disk.role for disk in manifest.disks] == [SYSTEM]
    assert not road.cloud.asked


def test_a_prefix_stands_for_all_objects_below_it(two_disks: Road):
    two_disks.store.put("case_folder/", b"")
    manifest = _locate(two_disks, **_objects("oss://evidence/"))
    assert [disk.role for disk in manifest.disks] == [SYSTEM, XVDB]
    assert all(disk.object and disk.object.crc64 is not None for disk in manifest.disks)


def test_a_prefix_with_nothing_below_it_is_refused(road: Road):
    with pytest.raises(SettingsError, match="nothing lies below"):
        _locate(road, **_objects("oss://evidence/elsewhere/"))


def test_objects_that_say_no_disk_are_not_guessed(road: Road):
    for key in ("a.bin", "b.bin"):
        road.store.put(key, archive())
    with pytest.raises(SettingsError, match="cannot tell which disk") as caught:
        _locate(road, **_objects("oss://evidence/a.bin", "oss://evidence/b.bin"))
    assert "--disk" in caught.value.hint


@pytest.mark.parametrize("word", ["b.bin", "oss://evidence/b.bin"])
def test_objects_can_be_assigned_by_key_or_whole(road: Road, word):
    for key in ("a.bin", "b.bin"):
        road.store.put(key, archive())
    named = _objects("oss://evidence/a.bin", "oss://evidence/b.bin", assigned={XVDB: word})
    manifest = _locate(road, **named)
    assert [(disk.role, disk.object and disk.object.key) for disk in manifest.disks] == [
        (SYSTEM, "a.bin"),
        (XVDB, "b.bin"),
    ]


def test_an_assigned_object_need_not_be_named_twice(road: Road):
    road.store.put("b.bin", archive())
    manifest = _locate(road, **_objects(f"oss://evidence/{SYSTEM_KEY}", assigned={XVDB: "b.bin"}))
    assert [disk.role for disk in manifest.disks] == [SYSTEM, XVDB]


def test_an_assigned_object_that_is_not_there_is_an_error_of_its_own(road: Road):
    with pytest.raises(NoSuchBucketOrObject):
        _locate(road, **_objects(f"oss://evidence/{SYSTEM_KEY}", assigned={XVDB: "nowhere.bin"}))


def test_objects_behind_urls_are_described_without_the_signature(road: Road):
    url = "https://evidence.example/disk.gz?Signature=secret"
    road.services.urls[url] = MemorySource(b"", road.store.describe(SYSTEM_KEY))
    source = Source(kind=SourceKind.URL, locations=("https://evidence.example/disk.gz",))
    _locate(road, source=source, urls={SYSTEM: url})
    assert "secret" not in (road.folder / "imgkit.json").read_text()


def test_local_archives_stay_outside_and_are_measured(road: Road, tmp_path: Path):
    mine = tmp_path / "mine.tar.gz"
    mine.write_bytes(archive())
    manifest = _locate(road, source=Source(kind=SourceKind.ARCHIVES, locations=(str(mine),)), archives={SYSTEM: mine})
    (record,) = manifest.disks[0].files
    assert (record.state, record.size, record.crc64) == (FileState.OUTSIDE, len(archive()), crc64(archive()))
    assert mine.read_bytes() == archive()


def test_a_local_archive_that_cannot_be_read_is_named(road: Road, tmp_path: Path):
    source = Source(kind=SourceKind.ARCHIVES, locations=("x",))
    with pytest.raises(NotAccessible, match=r"gone\.tar\.gz"):
        _locate(road, source=source, archives={SYSTEM: tmp_path / "gone.tar.gz"})
