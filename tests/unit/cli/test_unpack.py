"""Tests of cli/unpack.py."""

import gzip
import hashlib
import os
import signal
from pathlib import Path

import pytest
from tests.unit.archives.tar_samples import END, file, header, pax
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_after_the_disk_has_its_name_comes_too_late(here: Path, monkeypatch, number):
    def interrupted(folder: Path) -> None:
        assert Path("disk.raw").exists()
        signal.raise_signal(number)

    monkeypatch.setattr("imgkit.files.whole.sync_folder", interrupted)
    ended = imgkit("unpack", "disk.raw.tar.gz", *TAR)
    assert ended.code == 0, ended.err
    assert read_lone_record(Path("disk.raw")) is not None


def test_an_interruption_before_leaves_nothing(here: Path, monkeypatch):
    monkeypatch.setattr("imgkit.stages.unpack.sync_file", lambda _: signal.raise_signal(signal.SIGINT))
    assert imgkit("unpack", "disk.raw.tar.gz", *TAR).code == 130
    assert [each.name for each in here.iterdir()] == ["disk.raw.tar.gz"]


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
        ("backup.tar.zst", "backup.raw"),
        ("backup.tzst", "backup.raw"),
        ("backup.txz", "backup.raw"),
        ("backup.v2.tar.bz2", "backup.v2.raw"),
        ("m-1_data_xvdb.vhd.tar.xz", "m-1_data_xvdb.vhd"),
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


def test_a_name_that_says_no_format_gets_the_one_that_was_found(here: Path):
    qcow2 = b"QFI\xfb\0\0\0\3" + bytes(1016)
    Path("backup.v2.tgz").write_bytes(gzip.compress(file(qcow2, b"disk.qcow2") + END))
    ended = imgkit("unpack", "backup.v2.tgz", "--json", *TAR)
    assert (ended.data["path"], ended.data["format"]) == ("backup.v2.qcow2", "qcow2")
    assert Path("backup.v2.qcow2").read_bytes() == qcow2
    assert not Path("backup.v2.raw").exists()
    assert imgkit("unpack", "backup.v2.tgz", *TAR).code == 81
    assert imgkit("unpack", "backup.v2.tgz", "--force", *TAR).code == 0


@pytest.mark.parametrize("words", ["", "abc", "0" * 63, "g" * 64])
def test_what_is_no_digest_is_said_before_anything_is_read(here: Path, words):
    ended = imgkit("unpack", "disk.raw.tar.gz", "--sha256", words, *TAR)
    assert (ended.code, "64 hexadecimal digits" in ended.err) == (2, True)


def test_a_folder_that_was_made_for_nothing_goes_again(here: Path):
    Path("bad.raw.tar.gz").write_bytes(archive()[:-9])
    Path("kept").mkdir()
    assert imgkit("unpack", "bad.raw.tar.gz", "-o", "kept/new/er", *TAR).code == 31
    assert list(Path("kept").iterdir()) == []
    assert imgkit("unpack", "disk.raw.tar.gz", "-o", "kept/new/er", *TAR).code == 0


def test_a_pipe_is_not_waited_for(here: Path):
    os.mkfifo("pipe.tar.gz")
    for words in ((), ("--sha256", "0" * 64)):
        ended = imgkit("unpack", "pipe.tar.gz", *words, *TAR)
        assert (ended.code, "no file but a pipe" in ended.err) == (83, True)


def test_the_size_allowed_is_said_in_gib(here: Path):
    disk = file(b"", b"system.raw")
    Path("large.tar").write_bytes(header(b"system.raw", (1 << 30) + 1) + disk[512:] + END)
    ended = imgkit("unpack", "large.tar", "--max-size", "1", *TAR)
    assert (ended.code, "--max-size" in ended.err) == (32, True)
    assert imgkit("unpack", "large.tar", "--max-size", "0", *TAR).code == 2


def test_names_are_shown_harmless(here: Path):
    name = b"\x1b[2J\n" + b"n" * 300 + b"\xff.raw"
    Path("a.tar").write_bytes(file(b"x", b"\x1b]0;owned\x07") + pax([("path", name)]) + file(DISK) + END)
    for words in ((), ("--json",), ("--member", "\x1b[31m")):
        ended = imgkit("unpack", "a.tar", "--force", *words, *TAR)
        assert not {"\x1b", "\x07", "\x9b"} & {*ended.out, *ended.err}
