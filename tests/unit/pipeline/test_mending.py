"""Only what differs is fetched again."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import Body, MemorySource

from imgkit.digests import crc64
from imgkit.errors import RetriesExhausted
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Outcome
from imgkit.pipeline.mending import MendedObject, mend_object
from imgkit.ports import RangeFailed
from imgkit.stages.download import download_object
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

PART = 64 * KiB
CONTENT = b"".join(bytes([number]) * PART for number in range(1, 7))
INFO = ObjectInfo(bucket="evidence", key="k", size=len(CONTENT), etag="E1", crc64=crc64(CONTENT))
SETTINGS = TransferSettings(jobs=2, part_bytes=PART, attempts=1)


@dataclass
class Counting(MemorySource):
    """Remembers which bytes were asked for; refuses where it is `away`."""

    starts: list[int] = field(default_factory=list)
    away: bool = False

    def open_range(self, start: int, length: int, *, etag: str) -> Any:
        self.starts.append(start)
        if self.away:
            raise RangeFailed("503")
        return super().open_range(start, length, etag=etag)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    download_object(Counting(CONTENT, INFO), tmp_path / "k", workspace=tmp_path / ".imgkit", settings=SETTINGS)
    return tmp_path / "k"


def damage(target: Path, *parts: int) -> None:
    with target.open("r+b") as file:
        for number in parts:
            file.seek(number * PART + 7)
            file.write(b"!")


def mend(target: Path, source: Counting) -> MendedObject:
    return mend_object(source, target, workspace=target.parent / ".imgkit", settings=SETTINGS)


def test_only_the_parts_that_differ_are_fetched(target: Path) -> None:
    damage(target, 1, 4)
    source = Counting(CONTENT, INFO)
    mended = mend(target, source)
    assert target.read_bytes() == CONTENT
    assert sorted(source.starts) == [PART, 4 * PART]
    assert mended.found.differing == (1, 4)
    assert mended.fetched is not None
    assert (mended.fetched.fetched_bytes, mended.fetched.reused_bytes) == (2 * PART, 4 * PART)


def test_a_file_that_holds_is_not_touched(target: Path) -> None:
    before = target.stat()
    mended = mend(target, Counting(CONTENT, INFO, away=True))
    assert (mended.found.outcome, mended.fetched) == (Outcome.HELD, None)
    assert target.stat() == before


def test_a_file_that_lost_its_end_is_made_whole(target: Path) -> None:
    with target.open("r+b") as file:
        file.truncate(3 * PART + 1)
    source = Counting(CONTENT, INFO)
    mend(target, source)
    assert target.read_bytes() == CONTENT
    assert sorted(source.starts) == [3 * PART, 4 * PART, 5 * PART]


def test_one_that_is_not_here_is_downloaded(target: Path) -> None:
    target.unlink()
    mended = mend(target, Counting(CONTENT, INFO))
    assert not mended.found.is_here
    assert target.read_bytes() == CONTENT


def test_interrupted_it_has_no_name_and_a_plain_download_goes_on(target: Path) -> None:
    damage(target, 2)
    with pytest.raises(RetriesExhausted):
        mend(target, Counting(CONTENT, INFO, away=True))
    assert not target.exists()
    source = Counting(CONTENT, INFO)
    download_object(source, target, workspace=target.parent / ".imgkit", settings=SETTINGS)
    assert target.read_bytes() == CONTENT
    assert source.starts == [2 * PART]


def test_the_fake_gives_what_it_has() -> None:
    assert Body(b"ab").readinto(memoryview(bytearray(5))) == 2
