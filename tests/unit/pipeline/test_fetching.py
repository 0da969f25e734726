"""Tests of pipeline/fetching.py."""

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import (
    DISK,
    SYSTEM_KEY,
    XVDB_KEY,
    FakeServices,
    MemorySource,
    Road,
    archive,
    finished,
    waiting,
)
from tests.unit.stages.cloud_fakes import IMAGE_ID, XVDB, image, lives

from imgkit.errors import AccessDenied, ArchiveDamaged, TargetExists
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import FileKind, FileState, Outcome, Source, SourceKind
from imgkit.model.role import DiskRole
from imgkit.model.task import TaskFailure
from imgkit.pipeline.fetching import FetchResult, fetch
from imgkit.pipeline.request import Keep
from imgkit.ports import RangeFailed
from imgkit.stages.verify import check_set
from imgkit.transfer.settings import TransferSettings


def _fetch(road: Road, **fields: Any) -> FetchResult:
    return fetch(road.services, road.request(**fields), waiting(), custodian=Custodian(), say=road.said.append)


def test_an_image_becomes_a_set_with_every_disk(two_disks: Road):
    result = _fetch(two_disks)
    assert [(two_disks.folder / f"{role}.raw").read_bytes() for role in ("system", "xvdb")] == [DISK, DISK]
    assert result.shortfalls == ()
    assert not result.already_done
    assert {each.outcome for each in result.manifest.steps} == {Outcome.HELD}


def test_run_again_it_does_nothing_and_says_so(two_disks: Road, monkeypatch: pytest.MonkeyPatch):
    first = _fetch(two_disks)

    def never(*_: object) -> None:
        raise AssertionError("the cloud was asked")

    monkeypatch.setattr(FakeServices, "cloud", never)
    monkeypatch.setattr(FakeServices, "store", never)
    again = _fetch(two_disks)
    assert again.already_done
    assert again.manifest == first.manifest


def test_a_missing_disk_is_told_in_every_run(two_disks: Road):
    two_disks.store.keys.pop(XVDB_KEY)
    assert _fetch(two_disks).shortfalls == ("disk xvdb is missing",)
    assert _fetch(two_disks).shortfalls == ("disk xvdb is missing",)


def test_once_it_is_there_nothing_is_lacking_any_more(two_disks: Road):
    content = two_disks.store.content[XVDB_KEY]
    two_disks.store.keys.pop(XVDB_KEY)
    _fetch(two_disks)
    two_disks.store.put(XVDB_KEY, content)
    result = _fetch(two_disks)
    assert result.shortfalls == ()
    assert result.manifest.disk(XVDB) is not None


def test_an_image_whose_disks_ecs_does_not_name_cannot_be_called_whole(two_disks: Road):
    two_disks.cloud.known[IMAGE_ID] = image(disks=())
    for _ in range(2):
        result = _fetch(two_disks)
        assert [disk.role.name for disk in result.manifest.disks] == ["system", "xvdb"]
        assert len(result.shortfalls) == 1
        assert "could not be determined" in result.shortfalls[0]


def test_what_the_export_failed_at_is_told_in_every_run(road: Road):
    road.cloud.lives = lives([finished(failures=(TaskFailure(code="C", message="m"),))])
    assert _fetch(road).shortfalls == ("the export task said: C: m",)
    assert _fetch(road).shortfalls == ("the export task said: C: m",)


def test_what_still_lies_in_the_bucket_is_named(two_disks: Road):
    assert [each.key for each in _fetch(two_disks).in_bucket] == [SYSTEM_KEY, XVDB_KEY]


def test_objects_that_somebody_else_put_there_are_not_offered_for_cleaning(road: Road):
    source = Source(kind=SourceKind.OBJECTS, bucket="evidence", locations=(f"oss://evidence/{SYSTEM_KEY}",))
    assert _fetch(road, source=source).in_bucket == ()


@pytest.mark.parametrize("damaged", [SYSTEM_KEY, XVDB_KEY])
def test_one_damaged_disk_keeps_none_of_the_others_from_coming(two_disks: Road, damaged):
    two_disks.store.put(damaged, archive()[:-9] + b"x" * 9)
    sound, name = (XVDB_KEY, "xvdb.raw") if damaged == SYSTEM_KEY else (SYSTEM_KEY, "system.raw")
    for _ in range(2):
        result = _fetch(two_disks)
        assert isinstance(result.error, ArchiveDamaged)
        assert len(result.shortfalls) == 1
    assert (two_disks.folder / name).read_bytes() == DISK
    assert two_disks.store.asked.count(sound) == 1


def test_all_disks_come_at_once(two_disks: Road, monkeypatch: pytest.MonkeyPatch):
    both_came = threading.Barrier(2, timeout=10)
    give = MemorySource.open_range

    def together(source: MemorySource, start: int, length: int, *, etag: str) -> Any:
        both_came.wait()
        return give(source, start, length, etag=etag)

    monkeypatch.setattr(MemorySource, "open_range", together)
    result = _fetch(two_disks)
    assert result.error is None
    assert [(two_disks.folder / f"{role}.raw").read_bytes() for role in ("system", "xvdb")] == [DISK, DISK]
    assert check_set(two_disks.folder).held


def test_frozen_disks_are_asked_for_at_once(two_disks: Road, monkeypatch: pytest.MonkeyPatch):
    begun: list[str] = []
    monkeypatch.setattr("imgkit.pipeline.fetching.begin_restores", lambda _, keys: begun.extend(keys))
    _fetch(two_disks, restore=True)
    assert begun == [SYSTEM_KEY, XVDB_KEY]


def test_what_concerns_all_disks_stops_them_all(two_disks: Road, monkeypatch: pytest.MonkeyPatch):
    other_is_at_it = threading.Event()

    def open_range(source: MemorySource, start: int, length: int, *, etag: str) -> Any:
        if source.info.key == XVDB_KEY:
            other_is_at_it.set()
            raise RangeFailed("nothing came")
        assert other_is_at_it.wait(10)
        raise AccessDenied("not yours")

    monkeypatch.setattr(MemorySource, "open_range", open_range)
    with pytest.raises(AccessDenied):
        _fetch(two_disks, transfer=TransferSettings(attempts=10_000, first_delay_seconds=0.01))
    assert not [each for each in threading.enumerate() if each.name == "imgkit-together"]


def test_where_there_is_no_other_disk_its_error_is_raised(road: Road):
    road.store.put(SYSTEM_KEY, archive()[:-9] + b"x" * 9)
    with pytest.raises(ArchiveDamaged):
        _fetch(road)


def test_without_keeping_images_their_digests_and_archives_stay(road: Road):
    result = _fetch(road, keep=frozenset({Keep.OBJECTS}))
    assert not list(road.folder.glob("*.raw"))
    (disk,) = result.manifest.disks
    assert disk.guest is not None
    assert [each.state for each in disk.files if each.kind is FileKind.IMAGE] == [FileState.DISCARDED]
    again = _fetch(road, keep=frozenset({Keep.OBJECTS}))
    assert again.already_done


def test_a_set_of_another_image_is_not_written_into(road: Road):
    _fetch(road)
    other = Source(kind=SourceKind.IMAGE, image_id="m-other", bucket="evidence")
    with pytest.raises(TargetExists):
        _fetch(road, source=other)


def test_local_archives_are_fetched_without_any_cloud(road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mine = tmp_path / "mine.tar.gz"
    mine.write_bytes(archive())
    road.store.keys.clear()
    source = Source(kind=SourceKind.ARCHIVES, locations=(str(mine),))
    result = _fetch(road, source=source, archives={DiskRole(): mine})
    assert (road.folder / "system.raw").read_bytes() == DISK
    assert result.in_bucket == ()
    assert mine.exists()
    assert not road.cloud.asked
