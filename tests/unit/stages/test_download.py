"""Download: what a caller sees of it."""

import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.errors import AlreadyAtWork, ArchiveDamaged, Differs, ObjectChanged, RetriesExhausted, TargetExists
from imgkit.files.lock import exclusive_lock
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.download import DownloadedObject
from imgkit.ports import Frontier, RangeFailed
from imgkit.stages.download import NO_CRC_NOTE, download_object
from imgkit.transfer.frontier import FrontierReader
from imgkit.transfer.retry import Timing
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

PART = 64 * KiB
CONTENT = random.Random(6).randbytes(4 * PART + 99)
INFO = ObjectInfo(bucket="bucket", key="disk.gz", size=len(CONTENT), etag="E1", crc64=crc64(CONTENT))
HASTY = Timing(pause=lambda _stop, _seconds: None, tick_seconds=0.002)
Download = Callable[..., DownloadedObject]


class Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self.data))
        buffer[:count], self.data = self.data[:count], self.data[count:]
        return count


class Source:
    """An object in memory; requests from number `fails_from` on fail."""

    label = "oss://bucket/disk.gz"

    def __init__(self, content: bytes = CONTENT, info: ObjectInfo = INFO, fails_from: int = 10**9) -> None:
        self.content = content
        self.info = info
        self.fails_from = fails_from
        self.asked: list[int] = []
        self._lock = threading.Lock()

    def describe(self) -> ObjectInfo:
        return self.info

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator[Body]:
        with self._lock:
            self.asked.append(start)
            fails = len(self.asked) > self.fails_from
        if fails:
            raise RangeFailed("503")
        yield Body(self.content[start : start + length])


@pytest.fixture
def download(tmp_path: Path) -> Download:
    def do(source: Source, *, jobs: int = 2, **wishes: object) -> DownloadedObject:
        return download_object(
            source,
            tmp_path / "objects" / "disk.gz",
            workspace=tmp_path / ".imgkit",
            settings=TransferSettings(jobs=jobs, part_bytes=PART, attempts=2),
            timing=HASTY,
            **wishes,  # type: ignore[arg-type]  # keyword arguments of the stage
        )

    return do


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "objects" / "disk.gz"


def read_all(frontier: Frontier) -> bytes:
    with FrontierReader(frontier) as reader:
        return reader.readall()


def test_a_whole_object_is_told_with_its_proof(download: Download, target: Path) -> None:
    done = download(Source())
    assert target.read_bytes() == CONTENT
    assert done == DownloadedObject(
        info=INFO,
        path=target,
        parts_path=target.with_name("disk.gz.parts.json"),
        size=len(CONTENT),
        crc64=crc64(CONTENT),
        crc_proven=True,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        fetched_bytes=len(CONTENT),
        reused_bytes=0,
    )


def test_the_parts_file_keeps_the_crc_of_each_part(download: Download) -> None:
    told = json.loads(download(Source()).parts_path.read_text())
    assert told["parts"] == [str(crc64(CONTENT[start : start + PART])) for start in range(0, len(CONTENT), PART)]
    assert (told["etag"], told["size"], told["part_bytes"]) == ("E1", len(CONTENT), PART)
    assert told["crc64"] == told["service_crc64"] == str(crc64(CONTENT))


def test_nothing_unfinished_stays_behind(download: Download, tmp_path: Path) -> None:
    download(Source())
    assert [path.name for path in (tmp_path / ".imgkit").iterdir()] == ["disk.gz.lock"]


def test_an_empty_object_is_downloaded_too(download: Download, target: Path) -> None:
    done = download(Source(b"", replace(INFO, size=0, crc64=0)))
    assert target.read_bytes() == b""
    assert (done.crc64, done.crc_proven, done.sha256) == (0, True, hashlib.sha256(b"").hexdigest())


def test_an_interrupted_download_goes_on_where_it_was(download: Download, target: Path) -> None:
    with pytest.raises(RetriesExhausted):
        download(Source(fails_from=3), jobs=1)
    assert not target.exists()
    source = Source()
    done = download(source)
    assert target.read_bytes() == CONTENT
    assert (done.reused_bytes, done.fetched_bytes) == (3 * PART, PART + 99)
    assert sorted(source.asked) == [3 * PART, 4 * PART]


def test_an_object_replaced_between_two_runs_is_noticed(download: Download, target: Path) -> None:
    with pytest.raises(RetriesExhausted):
        download(Source(fails_from=3))
    with pytest.raises(ObjectChanged):
        download(Source(info=replace(INFO, etag="E2")))
    assert not target.exists()


def test_a_missing_crc_is_said(download: Download) -> None:
    done = download(Source(info=replace(INFO, crc64=None)))
    assert not done.crc_proven
    assert done.notes == (NO_CRC_NOTE,)
    assert json.loads(done.parts_path.read_text())["service_crc64"] is None


def test_a_wrong_whole_never_gets_its_final_name(download: Download, target: Path) -> None:
    with pytest.raises(Differs):
        download(Source(bytes(len(CONTENT))))
    assert list(target.parent.iterdir()) == []


def test_a_second_run_at_the_same_time_is_told_of_the_first(download: Download, tmp_path: Path) -> None:
    lock = tmp_path / ".imgkit" / "disk.gz.lock"
    with exclusive_lock(lock, what="the target"), pytest.raises(AlreadyAtWork):
        download(Source())


def test_what_is_done_is_not_done_again(download: Download) -> None:
    first = download(Source())
    source = Source()
    again = download(source)
    assert source.asked == []
    assert again == replace(first, fetched_bytes=0, reused_bytes=len(CONTENT))


def test_what_is_done_and_was_unproven_stays_unproven(download: Download) -> None:
    download(Source(info=replace(INFO, crc64=None)))
    assert not download(Source(info=replace(INFO, crc64=None))).crc_proven


def test_leftovers_of_a_run_that_was_killed_after_the_rename_are_swept(download: Download, tmp_path: Path) -> None:
    download(Source())
    (tmp_path / ".imgkit" / "disk.gz.journal").write_bytes(b"left")
    download(Source())
    assert not (tmp_path / ".imgkit" / "disk.gz.journal").exists()


def test_a_file_of_that_name_without_proof_is_not_touched(download: Download, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"somebody's")
    with pytest.raises(TargetExists, match=r"without disk\.gz\.parts\.json"):
        download(Source())
    assert target.read_bytes() == b"somebody's"


def test_a_finished_target_of_an_older_object_is_not_taken_for_the_new_one(download: Download) -> None:
    download(Source())
    with pytest.raises(ObjectChanged, match="ETag E1"):
        download(Source(info=replace(INFO, etag="E2")))


def test_a_finished_target_that_was_cut_differs(download: Download, target: Path) -> None:
    download(Source())
    target.write_bytes(CONTENT[:-1])
    with pytest.raises(Differs, match="no longer what was downloaded"):
        download(Source())


def test_a_finished_target_is_read_back_where_that_is_asked(download: Download, target: Path) -> None:
    download(Source())
    target.write_bytes(bytes(1) + CONTENT[1:])
    download(Source())
    with pytest.raises(Differs):
        download(Source(), verify=True)


def test_followers_read_the_same_whether_it_is_fetched_or_there_already(download: Download) -> None:
    read: list[bytes] = []
    for _ in range(2):
        download(Source(), followers=[lambda frontier: read.append(read_all(frontier))])
    assert read == [CONTENT, CONTENT]


def test_a_follower_that_fails_does_not_cost_the_download(download: Download, target: Path) -> None:
    def fail(frontier: Frontier) -> None:
        frontier.wait_beyond(0)
        raise ArchiveDamaged("not gzip")

    with pytest.raises(ArchiveDamaged):
        download(Source(), followers=[fail])
    assert target.read_bytes() == CONTENT
    with pytest.raises(ArchiveDamaged):
        download(Source(), followers=[fail])


def test_a_run_killed_right_before_the_rename_has_its_proof_ready(
    download: Download, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_killed(_partial: Path, final: Path) -> None:
        assert final.with_name("disk.gz.parts.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("imgkit.stages.download.publish", be_killed)
    with pytest.raises(KeyboardInterrupt):
        download(Source())
    monkeypatch.undo()
    source = Source()
    assert download(source).reused_bytes == len(CONTENT)
    assert (source.asked, target.read_bytes()) == ([], CONTENT)


def test_a_target_that_appears_meanwhile_is_not_replaced(download: Download, target: Path) -> None:
    def put_something_there(_: Frontier) -> None:
        target.write_bytes(b"somebody's")

    with pytest.raises(TargetExists):
        download(Source(), followers=[put_something_there])
    assert target.read_bytes() == b"somebody's"
    assert not target.with_name("disk.gz.parts.json").exists()


def test_a_crc_that_the_service_names_later_proves_what_is_there(download: Download) -> None:
    download(Source(info=replace(INFO, crc64=None)))
    assert download(Source()).crc_proven
