"""Fetching until it is proven."""

import hashlib
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.errors import Differs, RetriesExhausted
from imgkit.ports import Frontier, RangeFailed
from imgkit.progress import NULL_PROGRESS
from imgkit.transfer import proof
from imgkit.transfer.frontier import FrontierReader
from imgkit.transfer.places import Places
from imgkit.transfer.proof import ProvenFetch
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

PART = 64 * KiB
CONTENT = random.Random(5).randbytes(3 * PART + 5)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(target=tmp_path / "disk.gz", workspace=tmp_path / ".imgkit")
    made.make_folders()
    return made


@pytest.fixture
def fetch_of(places: Places, naps: Any) -> Callable[..., ProvenFetch]:
    def make(source: Any, *followers: Any) -> ProvenFetch:
        return ProvenFetch(
            source=source,
            info=source.info,
            places=places,
            settings=TransferSettings(jobs=2, part_bytes=PART, attempts=2),
            progress=NULL_PROGRESS,
            followers=followers,
            timing=naps.timing,
        )

    return make


class Reader:
    """A follower that keeps what it read, each time it is called."""

    def __init__(self) -> None:
        self.reads: list[bytes] = []

    def __call__(self, frontier: Frontier) -> None:
        self.reads.append(b"")
        with FrontierReader(frontier) as reader:
            while piece := reader.read(50_000):
                self.reads[-1] += piece
        self.reads[-1] += b"|end"


def test_what_is_proven_is_told_with_all_its_digests(fetch_of: Any, scripted_source: Any) -> None:
    proven = fetch_of(scripted_source(CONTENT)).run()
    assert (proven.crc64, proven.sha256) == (crc64(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert proven.part_crcs == tuple(crc64(CONTENT[start : start + PART]) for start in range(0, len(CONTENT), PART))
    assert (proven.fetched_bytes, proven.reused_bytes, proven.part_bytes) == (len(CONTENT), 0, PART)


def test_followers_read_the_whole(fetch_of: Any, scripted_source: Any) -> None:
    first, second = Reader(), Reader()
    fetch_of(scripted_source(CONTENT), first, second).run()
    assert first.reads == second.reads == [CONTENT + b"|end"]


def test_wrong_bytes_of_the_right_length_differ_and_are_discarded(
    fetch_of: Any, scripted_source: Any, places: Places
) -> None:
    source = scripted_source(CONTENT, lambda data: [bytes(len(data))])
    with pytest.raises(Differs, match="the service names") as raised:
        fetch_of(source).run()
    assert "discarded" in raised.value.hint
    assert not places.partial.exists()
    assert not places.journal.exists()
    assert fetch_of(source).run().crc64 == crc64(CONTENT)


def test_no_follower_sees_the_last_byte_of_what_is_not_proven(fetch_of: Any, scripted_source: Any) -> None:
    reader = Reader()
    with pytest.raises(Differs):
        fetch_of(scripted_source(CONTENT, crc=crc64(CONTENT) ^ 1), reader).run()
    assert len(reader.reads[0]) < len(CONTENT)


def test_without_a_crc_of_the_service_nothing_can_differ_from_it(fetch_of: Any, scripted_source: Any) -> None:
    assert fetch_of(scripted_source(CONTENT, crc=None)).run().crc64 == crc64(CONTENT)


def spoil_writes(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let so many writes to the second part put other bytes on disk than they were given."""
    pwrite, left = os.pwrite, [times]

    def spoilt(handle: int, data: memoryview, offset: int) -> int:
        if offset == PART and left[0]:
            left[0] -= 1
            data = memoryview(bytes(len(data)))
        return pwrite(handle, data, offset)

    monkeypatch.setattr(os, "pwrite", spoilt)


def test_bytes_that_the_disk_did_not_keep_are_fetched_again_and_followers_begin_anew(
    fetch_of: Any, scripted_source: Any, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_writes(monkeypatch, 1)
    source, reader = scripted_source(CONTENT), Reader()
    proven = fetch_of(source, reader).run()
    assert places.partial.read_bytes() == CONTENT
    assert [start // PART for start, _ in source.asked].count(1) == 2
    assert len(source.asked) == 5
    assert reader.reads[-1] == CONTENT + b"|end"
    assert proven.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (proven.fetched_bytes, proven.reused_bytes) == (len(CONTENT) + PART, 0)


def test_followers_are_not_called_again_before_they_have_ended(
    fetch_of: Any, scripted_source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def follow(frontier: Frontier) -> None:
        steps.append("begins")
        try:
            frontier.wait_beyond(frontier.total - 1)
        finally:
            time.sleep(0.3)  # it has much to tidy up
            steps.append("ended")

    monkeypatch.setattr(proof, "_GRACE_SECONDS", 0.0)
    spoil_writes(monkeypatch, 1)
    fetch_of(scripted_source(CONTENT), follow).run()
    assert steps[:3] == ["begins", "ended", "begins"]


def test_a_disk_that_never_keeps_its_bytes_is_given_up(
    fetch_of: Any, scripted_source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_writes(monkeypatch, 1000)
    with pytest.raises(Differs, match="disk or memory is failing"):
        fetch_of(scripted_source(CONTENT)).run()


def test_followers_get_the_error_that_ended_it(fetch_of: Any, scripted_source: Any) -> None:
    caught: list[BaseException] = []

    def follow(frontier: Frontier) -> None:
        try:
            frontier.wait_beyond(frontier.total - 1)
        except RetriesExhausted as error:
            caught.append(error)
            raise

    def refuse(_: bytes) -> Any:
        raise RangeFailed("503")

    with pytest.raises(RetriesExhausted) as raised:
        fetch_of(scripted_source(CONTENT, *[refuse] * 20), follow).run()
    assert caught == [raised.value]
