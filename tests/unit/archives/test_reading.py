"""Tests of archives/reading.py."""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import pytest
from tests.unit.archives.tar_samples import END, file

from imgkit.archives.reading import gzip_trailer, read_archive
from imgkit.errors import ArchiveDamaged, NoSingleDisk
from imgkit.model.unpacked import ArchiveKind

DISK = b"boot" + bytes(8 * 1024 * 1024) + b"end".ljust(508, b"\0")
TAR = file(DISK, b"system.raw") + END


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_the_disk_in_an_archive_has_the_digests_of_its_bytes_and_nothing_is_written(tmp_path: Path):
    found = read_archive(_write(tmp_path / "a.tar.gz", gzip.compress(TAR)))
    assert (found.kind, found.gzip_held, found.member_name) == (ArchiveKind.GZIP, True, "system.raw")
    assert (found.size, found.sha256) == (len(DISK), hashlib.sha256(DISK).hexdigest())
    assert found.chunks.size == len(DISK)
    assert [each.name for each in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_compressed_disk_without_a_tar_has_no_name_inside(tmp_path: Path):
    found = read_archive(_write(tmp_path / "disk.gz", gzip.compress(DISK[:508] + b"\0\0\x55\xaa" + DISK[512:])))
    assert (found.member_name, found.size) == ("", len(DISK))


@pytest.mark.parametrize("place", [-1, -5, 40])
def test_a_flipped_bit_is_damage(tmp_path: Path, place: int):
    content = bytearray(gzip.compress(TAR))
    content[place] ^= 1
    with pytest.raises(ArchiveDamaged):
        read_archive(_write(tmp_path / "a.tar.gz", bytes(content)))


def test_two_disks_are_refused(tmp_path: Path):
    two = file(DISK, b"system.raw") + file(DISK, b"xvdb.raw") + END
    with pytest.raises(NoSingleDisk):
        read_archive(_write(tmp_path / "a.tar.gz", gzip.compress(two)))


def test_the_trailer_is_the_crc_and_the_length_of_what_is_in_it(tmp_path: Path):
    expected = struct.pack("<II", zlib.crc32(TAR), len(TAR))
    assert gzip_trailer(_write(tmp_path / "a", gzip.compress(TAR))) == expected
    assert gzip_trailer(_write(tmp_path / "short", b"abc")) == b"abc"
