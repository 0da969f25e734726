"""Tests of cli/unpack.py."""

import gzip
import hashlib
from pathlib import Path

import pytest
from tests.unit.archives.tar_samples import END, file
from tests.unit.cli.command_line import imgkit
from tests.unit.pipeline.road_fakes import DISK, archive

from imgkit.evidence.lone import read_lone_record

TAR = ("--tar", "builtin")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("disk.raw.tar.gz").write_bytes(archive())
    return tmp_path


def test_the_disk_comes_out_beside_its_archive_with_a_record(here: Path):
    ended = imgkit("unpack", "disk.raw.tar.gz", *TAR)
    assert ended.code == 0, ended.err
    assert Path("disk.raw").read_bytes() == DISK
    assert f"SHA-256 {hashlib.sha256(DISK).hexdigest()}" in ended.out
    record = read_lone_record(Path("disk.raw"))
    assert record is not None
    assert record.source == "disk.raw.tar.gz"


def test_the_result_is_one_document(here: Path):
    told = imgkit("unpack", "disk.raw.tar.gz", "-o", "there", "--json", *TAR).data
    assert (told["path"], told["format"], told["size"]) == ("there/disk.raw", "raw", len(DISK))
    assert (told["member"], told["engine"]) == ("system.raw", "builtin")


@pytest.mark.parametrize(
    ("name", "disk"),
    [
        ("m-1_system.raw.tar.gz", "m-1_system.raw"),
        ("m-1_system.qcow2.TAR.GZ", "m-1_system.qcow2"),
        ("backup.tgz", "backup.raw"),
        ("backup.tar", "backup.raw"),
        ("backup", "backup.raw"),
    ],
)
def test_the_disk_is_named_after_its_archive(here: Path, name, disk):
    Path(name).write_bytes(archive())
    assert imgkit("unpack", name, "-o", "there", *TAR).code == 0
    assert [each.name for each in Path("there").iterdir() if not each.name.endswith(".json")] == [disk]


def test_nothing_is_overwritten_unasked(here: Path):
    Path("disk.raw").write_bytes(b"mine")
    assert imgkit("unpack", "disk.raw.tar.gz", *TAR).code == 81
    assert Path("disk.raw").read_bytes() == b"mine"
    assert imgkit("unpack", "disk.raw.tar.gz", "--force", *TAR).code == 0
    assert Path("disk.raw").read_bytes() == DISK


def test_of_several_disks_one_must_be_named(here: Path):
    Path("two.tar.gz").write_bytes(gzip.compress(file(DISK, b"a.raw") + file(DISK, b"b.raw") + END))
    assert imgkit("unpack", "two.tar.gz", *TAR).code == 33
    ended = imgkit("unpack", "two.tar.gz", "--member", "b.raw", *TAR)
    assert (ended.code, "left in the archive: a.raw" in ended.out) == (0, True), ended.err


def test_an_archive_with_another_digest_is_not_unpacked(here: Path):
    assert imgkit("unpack", "disk.raw.tar.gz", "--sha256", "0" * 64, *TAR).code == 60
    assert not Path("disk.raw").exists()
    right = hashlib.sha256(archive()).hexdigest().upper()
    assert imgkit("unpack", "disk.raw.tar.gz", "--sha256", right, *TAR).code == 0


def test_a_damaged_archive_leaves_nothing(here: Path):
    Path("bad.raw.tar.gz").write_bytes(archive()[:-9] + b"x" * 9)
    assert imgkit("unpack", "bad.raw.tar.gz", *TAR).code == 31
    assert not Path("bad.raw").exists()


@pytest.mark.parametrize("words", [(), ("--sha256", "0" * 64)])
def test_an_archive_that_is_not_there_is_named(here: Path, words):
    ended = imgkit("unpack", "nowhere.tar.gz", *words, *TAR)
    assert (ended.code, "nowhere.tar.gz" in ended.err) == (83, True)
