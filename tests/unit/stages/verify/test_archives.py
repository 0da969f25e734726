"""Tests of stages/verify/archives.py."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.stages.verify.small_set import ARCHIVE, PARTS, broken, flip, manifest_of, outcomes, small_set

from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import DiskRecord, FileKind, Outcome
from imgkit.stages.verify.archives import archive_jobs
from imgkit.stages.verify.links import (
    ARCHIVE_INSIDE,
    AS_RECORDED,
    PARTS_CRC,
    PARTS_FILE,
    SERVICE_CRC,
    UNPACKED_AGAIN,
)
from imgkit.stages.verify.plain_files import Known


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_set(tmp_path)[0]


def _links(folder: Path, disk: DiskRecord | None = None, *, deep: bool = False) -> list[LinkOutcome]:
    manifest = manifest_of(folder)
    disk = disk or manifest.disks[0]
    record = next(each for each in disk.files if each.kind is FileKind.ARCHIVE)
    return outcomes(*archive_jobs(folder, disk, record, Known(manifest.files()), deep=deep))


def test_what_nobody_touched_holds(folder: Path):
    links = _links(folder, deep=True)
    assert [link.link for link in links] == [
        AS_RECORDED,
        PARTS_CRC,
        SERVICE_CRC,
        PARTS_FILE,
        ARCHIVE_INSIDE,
        UNPACKED_AGAIN,
    ]
    assert {link.outcome for link in links} == {Outcome.HELD}


def test_a_flipped_bit_is_not_what_was_recorded_nor_what_the_parts_say(folder: Path):
    flip(folder / ARCHIVE, 30)
    assert broken(_links(folder)) == {AS_RECORDED, PARTS_CRC}
    assert UNPACKED_AGAIN in broken(_links(folder, deep=True))


def test_the_length_at_the_end_is_looked_at_without_unpacking(folder: Path):
    flip(folder / ARCHIVE, -1)
    assert ARCHIVE_INSIDE in broken(_links(folder))


def test_a_parts_file_that_cannot_be_used_is_said(folder: Path):
    (folder / PARTS).write_text("{}")
    (link,) = [each for each in _links(folder) if each.link == PARTS_CRC]
    assert link.outcome is Outcome.UNDETERMINED
    (folder / PARTS).unlink()
    (link,) = [each for each in _links(folder) if each.link == PARTS_CRC]
    assert "is missing" in link.detail


def test_a_parts_file_of_another_object_is_told_by_what_differs(folder: Path):
    told = json.loads((folder / PARTS).read_text())
    (folder / PARTS).write_text(json.dumps(told | {"etag": "another"}))
    (link,) = [each for each in _links(folder) if each.outcome is Outcome.FAILED]
    assert (link.link, link.subject) == (PARTS_FILE, PARTS)
    assert "ETag" in link.detail


def test_the_tars_size_is_held_against_the_disk(folder: Path):
    disk = manifest_of(folder).disks[0]
    assert disk.unpacked is not None
    larger = replace(disk, unpacked=replace(disk.unpacked, member_bytes=disk.unpacked.member_bytes + 512))
    assert broken(_links(folder, larger)) == {ARCHIVE_INSIDE}


def test_a_record_of_before_says_nothing_of_the_inside(folder: Path):
    links = _links(folder, replace(manifest_of(folder).disks[0], unpacked=None))
    assert ARCHIVE_INSIDE not in {link.link for link in links}
    assert {link.outcome for link in links} == {Outcome.HELD}


def test_an_archive_of_another_disk_is_another_disk_although_it_is_whole(folder: Path):
    disk = manifest_of(folder).disks[0]
    assert disk.guest is not None
    other = replace(
        disk,
        guest=replace(disk.guest, root="0" * 64),
        files=tuple(each for each in disk.files if each.kind is FileKind.ARCHIVE),
    )
    assert broken(_links(folder, other, deep=True)) == {UNPACKED_AGAIN}


def test_no_service_named_a_crc_for_what_was_on_this_machine(folder: Path):
    links = _links(folder, replace(manifest_of(folder).disks[0], object=None))
    (link,) = [each for each in links if each.link == SERVICE_CRC]
    assert (link.outcome, "local file" in link.detail) == (Outcome.HELD, True)
