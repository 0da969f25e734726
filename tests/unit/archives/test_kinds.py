"""What a file is, by its content."""

import bz2
import lzma
from pathlib import Path

import pytest
from tests.unit.archives.tar_corpus import MBR, QCOW2, TAR
from tests.unit.archives.tar_samples import V7, file, gzipped

from imgkit.archives.kinds import describe_markup, describe_stranger, format_of, has_disk_signature, kind_of, what_is
from imgkit.model.formats import DiskFormat
from imgkit.model.unpacked import ArchiveKind

VDI = b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", ArchiveKind.EMPTY),
        (gzipped(b"x"), ArchiveKind.GZIP),
        (lzma.compress(b"x"), ArchiveKind.XZ),
        (bz2.compress(b"x"), ArchiveKind.BZIP2),
        (b"\x28\xb5\x2f\xfd\0", ArchiveKind.ZSTD),
        (TAR, ArchiveKind.TAR),
        (file(b"x", magic=V7), ArchiveKind.TAR),
        (b"\1" + TAR[1:], ArchiveKind.TAR),  # damaged, and not for that a raw disk
        (b"\1" + file(b"x", magic=V7)[1:], ArchiveKind.TAR),
        (QCOW2, ArchiveKind.DISK),
        (b"KDMV" + bytes(508), ArchiveKind.DISK),
        (b"# Disk DescriptorFile\n", ArchiveKind.DISK),
        (VDI, ArchiveKind.DISK),
        (b"conectix" + bytes(504), ArchiveKind.DISK),
        (MBR, ArchiveKind.DISK),
        (b"XFSB", ArchiveKind.DISK),
        (bytes(512) + b"LABELONE", ArchiveKind.DISK),
        (bytes(1080) + b"\x53\xef", ArchiveKind.DISK),
        (bytes(0x10040) + b"_BHRfS_M", ArchiveKind.DISK),
        (b"<?xml version='1.0'?><Error>", ArchiveKind.MARKUP),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>", ArchiveKind.MARKUP),
        (b"<HTML>", ArchiveKind.MARKUP),
        (b'{"error": "AccessDenied"}', ArchiveKind.MARKUP),
        (b'[ {"error"', ArchiveKind.MARKUP),
        (b"{no json", ArchiveKind.UNKNOWN),
        (bytes(4096), ArchiveKind.UNKNOWN),
        (b"plain words", ArchiveKind.UNKNOWN),
    ],
)
def test_kinds_are_told_by_their_first_bytes(head: bytes, kind: ArchiveKind) -> None:
    assert kind_of(head) is kind


def test_a_fixed_vhd_is_told_by_its_last_bytes(tmp_path: Path) -> None:
    (tmp_path / "archive.tar.gz").write_bytes(bytes(100_000) + b"conectix".ljust(512, b"\0"))
    assert what_is(tmp_path / "archive.tar.gz") is ArchiveKind.DISK


def test_a_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(gzipped(TAR))
    assert what_is(tmp_path / "disk.raw") is ArchiveKind.GZIP


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (QCOW2, DiskFormat.QCOW2),
        (b"KDMV", DiskFormat.VMDK),
        (VDI, DiskFormat.VDI),
        (b"conectix", DiskFormat.VHD),
        (MBR, DiskFormat.RAW),
    ],
)
def test_formats_are_told_by_their_magic(head: bytes, found: DiskFormat) -> None:
    assert format_of(head, b"") is found


def test_a_footer_makes_a_vhd_only_where_it_belongs() -> None:
    assert format_of(MBR, b"conectix") is DiskFormat.VHD
    assert format_of(MBR, b" conectix") is DiskFormat.RAW


def test_signatures_stand_at_their_places() -> None:
    assert has_disk_signature(MBR)
    assert not has_disk_signature(MBR[1:])


def test_an_error_document_is_named_by_its_code() -> None:
    assert describe_markup(b"<Error><Code>NoSuchKey\x1b</Code>") == "an XML error document (NoSuchKey\\x1b)"
    assert describe_markup(b'{"Code": "AccessDenied"}') == "a JSON document"
    assert describe_markup(b"<html>") == "an XML or HTML page"


def test_archives_of_other_kinds_are_named() -> None:
    assert describe_stranger(b"PK\3\4\x14") == "a ZIP archive"
    assert describe_stranger(b"Rar!\x1a\7\0") == "a RAR archive"
    assert describe_stranger(b"words") == ""
