"""Tests of model/manifest.py."""

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Manifest, Source, SourceKind
from imgkit.model.role import DiskRole

IMAGE = Source(kind=SourceKind.IMAGE, image_id="m-1", region_id="cn-hangzhou", bucket="b")


def _file(path: str, state: FileState = FileState.KEPT, **fields: object) -> FileRecord:
    return FileRecord(path=PurePosixPath(path), kind=FileKind.IMAGE, size=1, sha256="0", state=state, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Source(kind=SourceKind.IMAGE, image_id="m-1"), True),
        (Source(kind=SourceKind.IMAGE, image_id="m-1", bucket="b", prefix="p"), True),
        (Source(kind=SourceKind.IMAGE, image_id="m-2", bucket="b"), False),
        (Source(kind=SourceKind.IMAGE, image_id="m-1", bucket="other"), False),
        (Source(kind=SourceKind.OBJECTS, image_id="m-1"), False),
    ],
)
def test_sources_are_the_same_when_they_name_the_same_thing(other, same):
    assert IMAGE.is_same_as(other) is same


def test_objects_are_compared_whatever_their_order():
    one = Source(kind=SourceKind.OBJECTS, locations=("a", "b"))
    assert one.is_same_as(Source(kind=SourceKind.OBJECTS, locations=("b", "a")))
    assert not one.is_same_as(Source(kind=SourceKind.OBJECTS, locations=("a",)))


def test_a_discarded_file_is_not_found_any_more():
    disk = DiskRecord(role=DiskRole(), files=(_file("system.raw", FileState.DISCARDED, format=DiskFormat.RAW),))
    assert disk.file(FileKind.IMAGE) is None
    again = disk.with_file(_file("system.raw", format=DiskFormat.RAW))
    assert len(again.files) == 1
    assert again.file(FileKind.IMAGE, DiskFormat.RAW) is not None
    assert again.file(FileKind.IMAGE, DiskFormat.VHD) is None


def test_disks_stay_in_order_and_are_replaced_by_role():
    manifest = Manifest(created=datetime.now(UTC), imgkit_version="0", source=IMAGE)
    for role in ("xvdb", "", "xvdb"):
        manifest = manifest.with_disk(DiskRecord(role=DiskRole(role), member=role))
    assert [disk.role.name for disk in manifest.disks] == ["system", "xvdb"]


def test_only_files_that_lie_in_the_set_are_listed():
    disk = DiskRecord(
        role=DiskRole(), files=(_file("a"), _file("b", FileState.DISCARDED), _file("/c", FileState.OUTSIDE))
    )
    manifest = Manifest(
        created=datetime.now(UTC), imgkit_version="0", source=IMAGE, disks=(disk,), reports=(_file("r"),)
    )
    assert [each.path.as_posix() for each in manifest.files()] == ["a", "r"]
