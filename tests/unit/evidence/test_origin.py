"""Tests of evidence/origin.py."""

from datetime import UTC, datetime, timedelta

import pytest

from imgkit.evidence.origin import clock_finding, findings_of, late_objects
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import ClockRecord, DiskRecord, Manifest, Source, SourceKind, TaskRecord
from imgkit.model.role import DiskRole

ENDED = datetime(2026, 11, 22, 18, 5, 30, tzinfo=UTC)


def _manifest(written: datetime | None, ended: datetime | None = ENDED, clock: ClockRecord | None = None) -> Manifest:
    info = ObjectInfo(bucket="b", key="k", size=1, etag="e", last_modified=written)
    source = Source(kind=SourceKind.IMAGE, task=TaskRecord(task_id="t-1", finished=ended), clock=clock)
    return Manifest(created=ENDED, imgkit_version="1", source=source, disks=(DiskRecord(role=DiskRole(), object=info),))


@pytest.mark.parametrize("seconds", [-3600, 0, 60])
def test_an_object_written_by_the_time_the_task_ended_is_no_finding(seconds: int):
    assert not list(late_objects(_manifest(ENDED + timedelta(seconds=seconds))))


def test_an_object_written_later_is_one():
    ((role, words),) = late_objects(_manifest(ENDED + timedelta(seconds=61)))
    assert role == DiskRole()
    assert "the task ended 2026-11-22T18:05:30Z, and it was last modified 2026-11-22T18:06:31Z" in words


def test_an_end_without_seconds_was_at_some_time_within_its_minute():
    ended = ENDED.replace(second=0)
    assert not list(late_objects(_manifest(ended + timedelta(seconds=119), ended)))
    assert list(late_objects(_manifest(ended + timedelta(seconds=120), ended)))


@pytest.mark.parametrize(("written", "ended"), [(None, ENDED), (ENDED, None)])
def test_what_is_not_known_is_no_finding(written: datetime | None, ended: datetime | None):
    assert not list(late_objects(_manifest(written, ended)))


def _clock(before: int, service: int, after: int) -> ClockRecord:
    def at(seconds: int) -> datetime:
        return ENDED + timedelta(seconds=seconds)

    return ClockRecord(before=at(before), service=at(service), after=at(after))


@pytest.mark.parametrize(
    ("clock", "off"),
    [
        (_clock(0, 0, 0), 0),
        (_clock(0, 5, 9), 0),
        (_clock(1, 0, 2), 0),
        (_clock(100, 0, 105), 100),
        (_clock(0, 90, 10), -80),
    ],
)
def test_clocks_are_off_by_what_no_delay_explains(clock: ClockRecord, off: int):
    assert clock.off_by_seconds == off


def test_a_clock_is_a_finding_from_a_minute_on():
    assert not clock_finding(None)
    assert not clock_finding(_clock(60, 0, 61))
    assert clock_finding(_clock(100, 0, 105)) == "this machine's clock is 100 seconds ahead of the service's"
    assert "80 seconds behind" in clock_finding(_clock(0, 90, 10))


def test_all_findings_come_with_the_disk_they_are_about():
    late, clock = findings_of(_manifest(ENDED + timedelta(hours=1), clock=_clock(0, 90, 10)))
    assert late.startswith("disk system: somebody wrote it after the export")
    assert "clock" in clock
