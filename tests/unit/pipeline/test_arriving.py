"""Tests of pipeline/arriving.py."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from tests.unit.pipeline.road_fakes import DISK, SYSTEM_KEY, MemorySource, Road, archive
from tests.unit.stages.cloud_fakes import SYSTEM, XVDB

from imgkit.errors import ArchiveDamaged, ObjectChanged
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Outcome, StepRecord
from imgkit.pipeline.arriving import FollowingUnpack, archive_of, is_said_to_be_raw, must_come
from imgkit.pipeline.request import Run


def _know(run: Run, *disks: DiskRecord) -> None:
    step = StepRecord(step="export", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
    run.image_set.record_step(step, *disks)


def _system(road: Road) -> DiskRecord:
    return DiskRecord(role=SYSTEM, object=road.store.describe(SYSTEM_KEY))


def test_an_archive_is_downloaded_proven_and_recorded(road: Road):
    with road.run() as run:
        _know(run, _system(road))
        path = archive_of(run, SYSTEM)
        disk = run.disk(SYSTEM)
    assert path == road.folder / "objects" / SYSTEM_KEY
    assert path.read_bytes() == archive()
    assert {each.kind for each in disk.files} == {FileKind.ARCHIVE, FileKind.PARTS}
    assert disk.files[0].sha256 == hashlib.sha256(archive()).hexdigest()


def test_an_archive_that_is_there_is_not_fetched_again(road: Road):
    with road.run() as run:
        _know(run, _system(road))
        archive_of(run, SYSTEM)
        road.store.asked.clear()
        archive_of(run, SYSTEM)
    assert not road.store.asked


def test_a_service_without_a_crc_leaves_the_download_undetermined(road: Road):
    road.store.has_crc = False
    with road.run() as run:
        _know(run, _system(road))
        archive_of(run, SYSTEM)
        step = run.image_set.manifest.steps[-1]
    assert (step.outcome, "CRC-64" in step.reason) == (Outcome.UNDETERMINED, True)


def test_only_what_is_not_here_must_come(road: Road):
    with road.run() as run:
        _know(run, _system(road))
        assert must_come(run, SYSTEM)
        archive_of(run, SYSTEM)
        assert not must_come(run, SYSTEM)
        (road.folder / "objects" / SYSTEM_KEY).unlink()
        assert must_come(run, SYSTEM)


def test_a_replaced_object_is_told_with_the_version_that_still_is_there(road: Road):
    old = replace(_system(road), object=replace(road.store.describe(SYSTEM_KEY), etag="old", version_id="CAEQ1"))
    with road.run() as run:
        _know(run, old)
        with pytest.raises(ObjectChanged) as raised:
            archive_of(run, SYSTEM)
    assert "still has it as version CAEQ1" in raised.value.hint


def test_the_end_of_a_url_is_told_before_anything_comes(road: Road):
    @dataclass
    class Ending(MemorySource):
        expires_at: datetime = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)

    road.services.urls["u"] = Ending(archive(), road.store.describe(SYSTEM_KEY))
    with road.run(urls={SYSTEM: "u"}) as run:
        _know(run, _system(road))
        archive_of(run, SYSTEM)
    assert "system: the URL is good until 2026-11-22T18:30:00Z" in road.said


def test_unpacking_follows_the_download(road: Road):
    with road.run() as run:
        _know(run, _system(road))
        following = FollowingUnpack(run, SYSTEM)
        archive_of(run, SYSTEM, following)
    assert following.unpacked is not None
    assert following.unpacked.sha256 == hashlib.sha256(DISK).hexdigest()


def test_an_error_of_unpacking_does_not_lose_the_download(road: Road):
    road.store.put(SYSTEM_KEY, archive()[:-9] + b"x" * 9)
    with road.run() as run:
        _know(run, _system(road))
        following = FollowingUnpack(run, SYSTEM)
        path = archive_of(run, SYSTEM, following)
    assert isinstance(following.error, ArchiveDamaged)
    assert path is not None
    assert path.exists()


def test_a_bare_image_is_not_unpacked(road: Road):
    bare = bytes(510) + b"\x55\xaa" + bytes(4096)
    road.store.put(SYSTEM_KEY, bare)
    with road.run() as run:
        _know(run, _system(road))
        following = FollowingUnpack(run, SYSTEM)
        archive_of(run, SYSTEM, following)
    assert following.started is None


def test_objects_of_one_name_in_two_folders_do_not_collide(road: Road):
    keys = {SYSTEM: "a/disk.gz", XVDB: "b/disk.gz"}
    for place, key in enumerate(keys.values()):
        road.store.put(key, archive(DISK + bytes([place]) * 512))
    with road.run() as run:
        _know(run, *(DiskRecord(role=role, object=road.store.describe(key)) for role, key in keys.items()))
        found = [archive_of(run, role) for role in keys]
        again = [archive_of(run, role) for role in reversed(keys)]
    assert [path.name for path in found if path] == ["disk.gz", "2-disk.gz"]
    assert again == found[::-1]


def test_a_name_does_not_depend_on_which_disk_comes_first(road: Road):
    keys = {SYSTEM: "a/disk.gz", XVDB: "b/disk.gz"}
    for key in keys.values():
        road.store.put(key, archive())
    with road.run() as run:
        _know(run, *(DiskRecord(role=role, object=road.store.describe(key)) for role, key in keys.items()))
        second, first = archive_of(run, XVDB), archive_of(run, SYSTEM)
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("disk.gz", "2-disk.gz")


def test_a_key_of_strange_letters_gets_a_name_of_ours(road: Road):
    road.store.put("磁盘/-rf", archive())
    with road.run() as run:
        _know(run, DiskRecord(role=SYSTEM, object=road.store.describe("磁盘/-rf")))
        path = archive_of(run, SYSTEM)
    assert path is not None
    assert path.name == "system.object"


@pytest.mark.parametrize("there", [True, False])
def test_an_archive_outside_the_set_is_taken_where_it_lies(road: Road, tmp_path, there):
    outside = tmp_path / "mine.tar.gz"
    outside.write_bytes(archive())
    record = FileRecord(
        path=PurePosixPath(outside),
        kind=FileKind.ARCHIVE,
        size=len(archive()),
        sha256="a" * 64,
        state=FileState.OUTSIDE,
    )
    if not there:
        outside.unlink()
    with road.run() as run:
        _know(run, DiskRecord(role=SYSTEM, files=(record,)))
        assert archive_of(run, SYSTEM) == (outside if there else None)


@pytest.mark.parametrize(
    ("key", "raw"), [(SYSTEM_KEY, True), ("case/disk.raw.tar.gz", False), ("m-1_system.vhd", False)]
)
def test_only_a_name_of_an_export_says_raw(road: Road, key, raw):
    road.store.put(key, b"")
    assert is_said_to_be_raw(DiskRecord(role=SYSTEM, object=road.store.describe(key))) is raw


def test_a_download_that_fails_is_in_the_record(road: Road, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object, **__: object) -> None:
        raise ArchiveDamaged("the line went dead")

    monkeypatch.setattr("imgkit.pipeline.arriving.download_object", fails)
    with road.run() as run:
        _know(run, _system(road))
        with pytest.raises(ArchiveDamaged):
            archive_of(run, SYSTEM)
        step = run.image_set.manifest.steps[-1]
    assert (step.step, step.outcome, step.reason) == ("download", Outcome.FAILED, "the line went dead")


def test_a_frozen_object_is_restored_only_where_that_was_asked_for(road: Road, monkeypatch: pytest.MonkeyPatch):
    restored: list[str] = []
    monkeypatch.setattr("imgkit.pipeline.arriving.restore_object", lambda _, key, **__: restored.append(key))
    with road.run(restore=True) as run:
        _know(run, _system(road))
        archive_of(run, SYSTEM)
    assert restored == [SYSTEM_KEY]
