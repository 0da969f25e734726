"""A downloader that is killed at any moment, and a disk that forgets."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.errors import RetriesExhausted
from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import RangeFailed
from imgkit.stages.download import download_object
from imgkit.transfer.journal import read_journal
from imgkit.transfer.places import Places
from imgkit.transfer.retry import Timing
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")
PART = 64 * KiB
CONTENT = bytes(range(1, 251)) * 4000  # no part of it is all zeroes
SETTINGS = TransferSettings(jobs=2, part_bytes=PART, attempts=2)
HASTY = Timing(pause=lambda _stop, _seconds: None)


@pytest.mark.parametrize("seed", [20261122])
def test_whenever_it_is_killed_every_promise_holds(tmp_path: Path, seed: int) -> None:
    """Bytes are right, nothing proven is fetched twice, every claim has its bytes on disk, no half file has a name."""
    words = [sys.executable, str(CAMPAIGN), "--kills", "200", "--seed", str(seed), str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["wrong"] == []
    assert told["kills"] == 200
    assert told["finished"] >= 20
    assert told["mended"] >= 10
    assert told["resumed_parts"] >= 1000


class Source:
    """An object in memory; requests from number `fails_from` on fail."""

    label = "oss://bucket/disk.gz"

    def __init__(self, fails_from: int = 10**9) -> None:
        self.fails_from = fails_from
        self.asked: list[int] = []

    def describe(self) -> ObjectInfo:
        return ObjectInfo(bucket="bucket", key="disk.gz", size=len(CONTENT), etag="E1", crc64=crc64(CONTENT))

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Any:
        self.asked.append(start // PART)
        if len(self.asked) > self.fails_from:
            raise RangeFailed("503")
        yield Body(CONTENT[start : start + length])


class Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self.data))
        buffer[:count], self.data = self.data[:count], self.data[count:]
        return count


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(target=tmp_path / "objects" / "disk.gz", workspace=tmp_path / ".imgkit")


def download(source: Source, places: Places) -> Any:
    return download_object(source, places.target, workspace=places.workspace, settings=SETTINGS, timing=HASTY)


def claimed_parts(places: Places) -> set[int]:
    saved = read_journal(places.journal)
    assert saved is not None
    return set(saved.claims)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_disk_that_forgot_what_it_had_synced_is_found_out(places: Places, every: int) -> None:
    with pytest.raises(RetriesExhausted):
        download(Source(fails_from=12), places)
    claimed = claimed_parts(places)
    forgotten = set(sorted(claimed)[::every])
    with places.partial.open("r+b") as file:
        for number in forgotten:
            file.seek(number * PART + 4 * KiB)
            file.write(bytes(8 * KiB))
    source = Source()
    done = download(source, places)
    assert places.target.read_bytes() == CONTENT
    assert sorted(source.asked) == sorted(set(range(16)) - claimed | forgotten)
    assert done.reused_bytes == (len(claimed) - len(forgotten)) * PART


def test_a_file_that_lost_its_tail_is_found_out(places: Places) -> None:
    with pytest.raises(RetriesExhausted):
        download(Source(fails_from=12), places)
    with places.partial.open("r+b") as file:
        file.truncate(3 * PART + 5)
    source = Source()
    download(source, places)
    assert places.target.read_bytes() == CONTENT
    assert sorted(source.asked) == list(range(3, 16))
