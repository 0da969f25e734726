"""Tests of pipeline/lone_records.py."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.stages.cloud_fakes import NOW

from imgkit.digests import ChunkDigests
from imgkit.evidence.lone import read_lone_record, write_lone_record
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.download import DownloadedObject
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import Outcome
from imgkit.model.unpacked import ArchiveKind, TarEngine, UnpackedDisk
from imgkit.pipeline.lone_records import download_record, image_record, unpacked_record

LATER = NOW + timedelta(minutes=2)
CHUNKS = ChunkDigests(size=4096, digests=(b"d" * 32,))


def _converted(path: Path, *, proven: bool) -> ConvertedImage:
    path.write_bytes(b"qcow2")
    return ConvertedImage(
        path=path,
        format=DiskFormat.QCOW2,
        virtual_size=4096,
        source_size=4096,
        files=(ResultFile(path=path, size=5, sha256="a" * 64),),
        proven=proven,
        chunk_root="c" * 64 if proven else "",
        tool="qemu-img",
        tool_version="7.2",
    )


def _unpacked(path: Path, format_: DiskFormat) -> UnpackedDisk:
    return UnpackedDisk(
        path=path,
        format=format_,
        size=4096,
        chunks=CHUNKS,
        sha256="a" * 64,
        member_name="system.raw",
        data_bytes=0,
        engine=TarEngine.GNU,
        tool_version="1.34",
        archive_kind=ArchiveKind.GZIP,
        gzip_crc32_held=True,
    )


def _downloaded(path: Path, *, proven: bool) -> DownloadedObject:
    return DownloadedObject(
        info=ObjectInfo(bucket="evidence", key="disk.gz", size=9, etag="e"),
        path=path,
        parts_path=path.with_name("disk.gz.parts.json"),
        size=9,
        crc64=7,
        crc_proven=proven,
        sha256="a" * 64,
    )


@pytest.mark.parametrize(("proven", "outcome"), [(True, Outcome.HELD), (False, Outcome.UNDETERMINED)])
def test_a_converted_image_says_what_it_came_from_and_whether_it_was_proven(tmp_path, proven, outcome):
    record = image_record(_converted(tmp_path / "d.qcow2", proven=proven), Path("d.raw"), NOW, LATER)
    assert (record.source, record.file.path.as_posix(), record.file.size) == ("d.raw", "d.qcow2", 5)
    assert (record.step.outcome, bool(record.file.guest_root)) == (outcome, proven)
    assert record.step.tools == (("qemu-img", "7.2"),)


def test_only_of_a_raw_disk_the_files_bytes_are_the_disks(tmp_path):
    raw = unpacked_record(_unpacked(tmp_path / "d.raw", DiskFormat.RAW), Path("d.tar.gz"), NOW, LATER)
    vhd = unpacked_record(_unpacked(tmp_path / "d.vhd", DiskFormat.VHD), Path("d.tar.gz"), NOW, LATER)
    assert (raw.file.guest_root, vhd.file.guest_root) == (CHUNKS.root, "")


@pytest.mark.parametrize(("proven", "outcome"), [(True, Outcome.HELD), (False, Outcome.UNDETERMINED)])
def test_a_downloaded_object_keeps_its_crc_and_whether_the_service_named_it(tmp_path, proven, outcome):
    record = download_record(_downloaded(tmp_path / "disk.gz", proven=proven), NOW, LATER)
    assert (record.source, record.file.crc64, record.step.outcome) == ("oss://evidence/disk.gz", 7, outcome)


def test_what_is_written_beside_a_file_reads_back_the_same(tmp_path):
    record = download_record(_downloaded(tmp_path / "disk.gz", proven=True), NOW, LATER)
    write_lone_record(tmp_path / "disk.gz", record)
    assert read_lone_record(tmp_path / "disk.gz") == record
    assert (record.step.started, record.step.ended, record.created) == (NOW, LATER, LATER)
