"""One disk from a stream into a file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.archives.tar_corpus import DATA, PLAIN, TAR
from tests.unit.archives.tar_samples import file

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.extraction import Room, extract_bare, extract_from_tar
from imgkit.errors import NoRoom, NoSingleDisk
from imgkit.files.sparse import SparseFile

ROOM = Room(check=lambda _: None, holes=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SparseFile]:
    with SparseFile(tmp_path / "disk") as file:
        yield file


def test_a_bare_disk_is_the_whole_stream(disk: SparseFile) -> None:
    done = extract_bare(ByteStream([DATA]), disk, ROOM)
    assert disk.path.read_bytes() == DATA
    assert done.sunk.sha256 == hashlib.sha256(DATA).hexdigest()
    assert done.member is None


def test_the_disk_of_a_tar_is_taken_and_the_rest_is_read(disk: SparseFile) -> None:
    stream = ByteStream([PLAIN + file(b"x", b"notes") + TAR[-1024:]])
    done = extract_from_tar(stream, disk, ROOM, member=None, gnu=None)
    assert disk.path.read_bytes() == DATA
    assert done.member is not None
    assert (done.member.name, done.companions) == (b"system.raw", ("notes",))
    assert stream.read(1) == b""


def test_two_disks_are_refused(disk: SparseFile) -> None:
    with pytest.raises(NoSingleDisk):
        extract_from_tar(ByteStream([PLAIN + TAR]), disk, ROOM, member=None, gnu=None)


def test_a_size_is_refused_before_anything_is_written(disk: SparseFile) -> None:
    def check(size: int) -> None:
        assert size == len(DATA)
        raise NoRoom("none")

    with pytest.raises(NoRoom):
        extract_from_tar(ByteStream([TAR]), disk, Room(check=check, holes=True), member=None, gnu=None)
    assert disk.path.stat().st_size == 0


def test_a_file_system_without_holes_is_not_made_to_fill_one(disk: SparseFile, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr("imgkit.files.sparse.SparseFile.set_size", lambda _, size: sizes.append(size))
    extract_from_tar(ByteStream([TAR]), disk, Room(check=lambda _: None, holes=False), member=None, gnu=None)
    assert sizes == [len(DATA)]
    extract_from_tar(ByteStream([TAR]), disk, ROOM, member=None, gnu=None)
    assert sizes == [len(DATA)] * 3
