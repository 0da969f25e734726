"""The unfinished file and what goes wrong with it."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgkit.digests import crc64
from imgkit.errors import NoRoom, NotAccessible
from imgkit.transfer.local_disk import PartialFile, held_bytes, local_errors, require_room
from imgkit.transfer.ranges import ByteRange

RUNNING = threading.Event()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[PartialFile]:
    with closing(PartialFile(tmp_path / "disk.part", 1000, fresh=True)) as opened:
        yield opened


def test_it_has_its_final_size_from_the_start(file: PartialFile) -> None:
    assert file.path.stat().st_size == 1000


def test_bytes_go_where_they_belong(file: PartialFile) -> None:
    file.write(memoryview(b"later"), 500)
    file.sync()
    assert file.path.read_bytes()[495:510] == bytes(5) + b"later" + bytes(5)


def test_writes_that_are_cut_short_are_continued(file: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: pwrite(handle, data[:2], offset))
    file.write(memoryview(b"sevenXX"), 0)
    monkeypatch.undo()
    assert file.path.read_bytes()[:8] == b"sevenXX\0"


def test_what_is_there_is_kept_unless_it_begins_afresh(tmp_path: Path) -> None:
    path = tmp_path / "disk.part"
    path.write_bytes(b"earlier")
    PartialFile(path, 10, fresh=False).close()
    assert path.read_bytes() == b"earlier\0\0\0"
    PartialFile(path, 10, fresh=True).close()
    assert path.read_bytes() == bytes(10)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    (tmp_path / "disk.part").symlink_to(victim)
    with pytest.raises(NotAccessible):
        PartialFile(tmp_path / "disk.part", 10, fresh=True)
    assert victim.read_bytes() == b"untouched"


def test_the_crc_read_back_is_that_of_the_range(file: PartialFile) -> None:
    file.write(memoryview(b"abcdefghij"), 100)
    file.sync()
    assert file.read_crc64(ByteRange(102, 5), memoryview(bytearray(2)), RUNNING) == crc64(b"cdefg")


def test_reading_back_ends_when_all_are_to_stop(file: PartialFile) -> None:
    stop = threading.Event()
    stop.set()
    assert file.read_crc64(ByteRange(0, 5), memoryview(bytearray(2)), stop) is None


def test_a_file_cut_from_outside_is_said(file: PartialFile) -> None:
    os.truncate(file.path, 10)
    with pytest.raises(NotAccessible, match="became shorter"):
        file.read_crc64(ByteRange(0, 100), memoryview(bytearray(50)), RUNNING)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_room(file: PartialFile, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(NoRoom, match=r"no room for .*disk\.part"):
        file.write(memoryview(b"x"), 0)


def test_a_failing_disk_is_not_accessible(file: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("imgkit.transfer.local_disk.sync_data", refuse)
    with pytest.raises(NotAccessible, match="Input/output error"):
        file.sync()


def test_too_little_room_is_said_with_how_much_is_missing(file: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = SimpleNamespace(f_blocks=100, f_bavail=3, f_frsize=100)
    monkeypatch.setattr(os, "fstatvfs", lambda _: stat)
    with pytest.raises(NoRoom, match=r"700 B \(700 bytes\) are missing"):
        file.require_room()


def test_what_the_file_holds_already_needs_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "disk.part"
    path.write_bytes(b"x" * 65536)
    monkeypatch.setattr(os, "fstatvfs", lambda _: SimpleNamespace(f_blocks=100, f_bavail=0, f_frsize=100))
    with closing(PartialFile(path, 65536, fresh=False)) as file:
        file.sync()
        file.require_room()


def test_a_file_system_that_tells_nothing_is_given_a_try(file: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fstatvfs", lambda _: SimpleNamespace(f_blocks=0, f_bavail=0, f_frsize=1))
    file.require_room()


def test_room_for_several_files_is_looked_for_where_their_folder_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def statvfs(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(f_blocks=100, f_bavail=3, f_frsize=100)

    monkeypatch.setattr(os, "statvfs", statvfs)
    require_room(tmp_path / "not" / "yet", 300)
    with pytest.raises(NoRoom, match="1 bytes"):
        require_room(tmp_path / "not" / "yet", 301)
    assert asked == [tmp_path, tmp_path]


def test_how_much_room_a_file_takes_already(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 65536)
    assert held_bytes(tmp_path / "file") >= 65536
    assert held_bytes(tmp_path / "none") == 0


def test_other_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(KeyError), local_errors(tmp_path, doing="write"):
        raise KeyError
