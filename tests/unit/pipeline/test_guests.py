"""Tests of pipeline/guests.py."""

import gzip
import hashlib
from dataclasses import replace

import pytest
from tests.unit.archives.tar_samples import END, file
from tests.unit.pipeline.road_fakes import DISK, SYSTEM_KEY, Road, archive
from tests.unit.stages.cloud_fakes import SYSTEM

from imgkit.digests import read_chunk_digests
from imgkit.errors import ArchiveDamaged, Differs, NoSingleDisk, NotAccessible, TargetExists
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, Outcome, StepRecord
from imgkit.pipeline.arriving import FollowingUnpack, archive_of
from imgkit.pipeline.claiming import claim_name
from imgkit.pipeline.guests import take_guest
from imgkit.pipeline.request import Run

BOOT_SECTOR = bytes(510) + b"\x55\xaa" + bytes(4096 - 512)


def _take(run: Run, key: str = SYSTEM_KEY, *, follow: bool = True, **fields: object) -> DiskRecord:
    store = run.services.store("evidence")
    step = StepRecord(step="export", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
    disk = DiskRecord(role=SYSTEM, object=store.describe(key))
    run.image_set.record_step(step, replace(disk, **fields))  # type: ignore[arg-type]  # fields of the record
    following = FollowingUnpack(run, SYSTEM)
    take_guest(run, SYSTEM, archive_of(run, SYSTEM, following if follow else None), following)
    return run.disk(SYSTEM)


@pytest.mark.parametrize("follow", [True, False])
def test_an_unpacked_disk_is_recorded_with_all_digests(road: Road, follow):
    with road.run() as run:
        disk = _take(run, follow=follow)
    sha256 = hashlib.sha256(DISK).hexdigest()
    chunks = read_chunk_digests(road.folder / "digests" / "system.chunks")
    image = disk.file(FileKind.IMAGE)
    assert (road.folder / "system.raw").read_bytes() == DISK
    assert disk.guest is not None
    assert (disk.guest.sha256, disk.guest.size, disk.guest.root) == (sha256, len(DISK), chunks.root)
    assert image is not None
    assert (image.sha256, image.guest_root, image.format) == (sha256, chunks.root, DiskFormat.RAW)
    assert disk.member == "system.raw"


def test_a_bare_image_is_adopted_where_it_lies(road: Road):
    road.store.put("case/disk.img", BOOT_SECTOR)
    with road.run() as run:
        disk = _take(run, "case/disk.img")
    assert [each.path.as_posix() for each in disk.files if each.kind is FileKind.IMAGE] == ["objects/disk.img"]
    assert disk.guest is not None
    assert disk.guest.sha256 == hashlib.sha256(BOOT_SECTOR).hexdigest()
    assert not (road.folder / "system.raw").exists()


def test_what_a_guest_wrote_into_its_first_sector_makes_a_raw_disk_no_other_format(road: Road):
    """A qcow2 header inside a disk that its name says is raw: whoever follows it reads other files."""
    hostile = b"QFI\xfb\0\0\0\3" + bytes(4096 - 8)
    road.store.put(SYSTEM_KEY, archive(hostile))
    with road.run() as run:
        disk = _take(run)
    image = disk.file(FileKind.IMAGE)
    assert image is not None
    assert image.format is DiskFormat.RAW
    assert (road.folder / "system.raw").read_bytes() == hostile


def test_a_disk_of_another_size_than_ecs_said_is_told(road: Road):
    with road.run() as run:
        _take(run, expected_bytes=2 * len(DISK))
    assert any(f"the disk has {len(DISK)} bytes" in words for words in road.said)


def test_a_disk_of_the_right_size_is_nothing_to_tell(road: Road):
    with road.run() as run:
        _take(run, expected_bytes=len(DISK))
    assert not road.said


def test_an_error_behind_the_download_is_raised_and_recorded_when_unpacking_is_due(road: Road):
    road.store.put(SYSTEM_KEY, archive()[:-9] + b"x" * 9)
    with road.run() as run:
        with pytest.raises(ArchiveDamaged):
            _take(run)
        steps = run.image_set.manifest.steps
    assert [(each.step, each.outcome) for each in steps[1:]] == [
        ("download", Outcome.HELD),
        ("unpack", Outcome.FAILED),
    ]
    assert not (road.folder / "system.raw").exists()


def test_an_archive_of_two_disks_is_not_chosen_from(road: Road):
    both = gzip.compress(file(DISK, b"a.raw") + file(DISK, b"b.raw") + END)
    road.store.put(SYSTEM_KEY, both)
    with road.run() as run, pytest.raises(NoSingleDisk):
        _take(run)


def test_what_an_interrupted_run_left_under_the_name_is_replaced(road: Road):
    with road.run() as run:
        claim_name(run, road.folder / "system.raw")
        (road.folder / "system.raw").write_bytes(b"half")
        _take(run)
    assert (road.folder / "system.raw").read_bytes() == DISK


def test_what_somebody_else_left_under_the_name_is_not(road: Road):
    with road.run() as run:
        (road.folder / "system.raw").write_bytes(b"mine")
        with pytest.raises(TargetExists):
            _take(run)
    assert (road.folder / "system.raw").read_bytes() == b"mine"


def test_an_archive_of_an_earlier_run_is_read_again_before_it_is_trusted(road: Road):
    with road.run() as run:
        step = StepRecord(step="export", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
        run.image_set.record_step(step, DiskRecord(role=SYSTEM, object=road.store.describe(SYSTEM_KEY)))
        archive_of(run, SYSTEM)
    path = road.folder / "objects" / SYSTEM_KEY
    other = archive(b"x" * len(DISK))
    path.write_bytes(other.ljust(path.stat().st_size, b"\0")[: path.stat().st_size])
    with road.run() as run:
        following = FollowingUnpack(run, SYSTEM)
        with pytest.raises(Differs, match="not the file whose digests"):
            take_guest(run, SYSTEM, archive_of(run, SYSTEM, following), following)


def test_an_archive_that_is_gone_is_asked_for(road: Road):
    with road.run() as run, pytest.raises(NotAccessible, match="no longer where it was"):
        take_guest(run, SYSTEM, None, FollowingUnpack(run, SYSTEM))
