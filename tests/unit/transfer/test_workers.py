"""Workers and what they do when a range breaks, stalls or will not come. Run through the engine, which owns them."""

import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.errors import NoRoom, ObjectChanged, RetriesExhausted, UrlExpired
from imgkit.ports import RangeFailed
from imgkit.progress import NULL_PROGRESS
from imgkit.transfer.engine import PassResult, fetch_parts
from imgkit.transfer.journal import PinnedFacts, SavedJournal, begin_journal, read_journal
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

CONTENT = bytes(range(256)) * 1000
PART = 64 * KiB
Play = Callable[[bytes], Iterable[bytes | Exception]]


def cut_after(count: int) -> Play:
    return lambda data: [data[:count]]


def broken_after(count: int, error: Exception | None = None) -> Play:
    return lambda data: [data[:count], error or RangeFailed("connection reset")]


def refused(error: Exception) -> Play:
    def refuse(_: bytes) -> Iterable[bytes | Exception]:
        raise error

    return refuse


def in_pieces(length: int) -> Play:
    return lambda data: [data[start : start + length] for start in range(0, len(data), length)]


@pytest.fixture
def fetch(tmp_path: Path, naps: Any) -> Callable[..., PassResult]:
    """Fetch an object into `disk.part` with one worker unless said otherwise."""

    def do(source: Any, **wishes: Any) -> PassResult:
        facts = PinnedFacts(size=source.info.size, etag=source.info.etag, crc64=None, part_bytes=PART)
        with (
            closing(PartialFile(tmp_path / "disk.part", source.info.size, fresh=True)) as file,
            closing(begin_journal(tmp_path / "disk.journal", facts)) as journal,
            NULL_PROGRESS.bar("disk", total=None) as bar,
        ):
            return fetch_parts(
                source,
                SavedJournal(facts, {}),
                file=file,
                journal=journal,
                offer=lambda _: None,
                bar=bar,
                settings=TransferSettings(**{"jobs": 1, "attempts": 3} | wishes),
                timing=naps.timing,
            )

    return do


def held(folder: Path) -> bytes:
    return (folder / "disk.part").read_bytes()


def test_every_part_is_asked_for_once(fetch: Any, scripted_source: Any, tmp_path: Path) -> None:
    source = scripted_source(CONTENT)
    result = fetch(source, jobs=3)
    assert held(tmp_path) == CONTENT
    assert sorted(source.asked) == [(0, PART), (PART, PART), (2 * PART, PART), (3 * PART, len(CONTENT) - 3 * PART)]
    assert (result.crc64, result.fetched_bytes) == (crc64(CONTENT), len(CONTENT))


def test_a_broken_part_is_continued_where_it_broke(fetch: Any, scripted_source: Any, tmp_path: Path) -> None:
    source = scripted_source(CONTENT, broken_after(1000))
    fetch(source)
    assert held(tmp_path) == CONTENT
    assert source.asked[:2] == [(0, PART), (1000, PART - 1000)]


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("timed out"), RangeFailed("broken")])
def test_a_connection_that_breaks_is_asked_again(
    fetch: Any, scripted_source: Any, tmp_path: Path, error: Exception
) -> None:
    fetch(scripted_source(CONTENT, broken_after(10, error)))
    assert held(tmp_path) == CONTENT


def test_an_answer_that_ends_early_is_continued(fetch: Any, scripted_source: Any, tmp_path: Path) -> None:
    source = scripted_source(CONTENT, cut_after(5))
    fetch(source)
    assert held(tmp_path) == CONTENT
    assert source.asked[1] == (5, PART - 5)


def test_small_pieces_make_the_same_file(fetch: Any, scripted_source: Any, tmp_path: Path) -> None:
    fetch(scripted_source(CONTENT, *[in_pieces(7)] * 4), buffer_bytes=1000)
    assert held(tmp_path) == CONTENT


def test_pauses_grow_while_nothing_comes(fetch: Any, scripted_source: Any, naps: Any) -> None:
    fetch(scripted_source(CONTENT, *[refused(RangeFailed("503"))] * 2))
    assert naps.taken == [0.5, 1.0]


def test_failures_are_counted_anew_when_bytes_arrived(fetch: Any, scripted_source: Any, naps: Any) -> None:
    fetch(scripted_source(CONTENT, *[broken_after(1)] * 20))
    assert naps.taken == [0.5] * 20


def test_answers_without_a_byte_are_failures(fetch: Any, scripted_source: Any) -> None:
    source = scripted_source(CONTENT, *[cut_after(0)] * 50)
    with pytest.raises(RetriesExhausted, match="3 attempts"):
        fetch(source)
    assert len(source.asked) == 3


def test_giving_up_names_the_range_and_the_last_reason(fetch: Any, scripted_source: Any) -> None:
    plays = [broken_after(100), *[refused(RangeFailed("HTTP 503 SlowDown"))] * 9]
    with pytest.raises(RetriesExhausted, match=r"bytes 100-65535 of oss://bucket/disk.gz.*HTTP 503 SlowDown"):
        fetch(scripted_source(CONTENT, *plays))


def test_the_service_gets_the_time_it_asked_for(fetch: Any, scripted_source: Any, naps: Any) -> None:
    fetch(scripted_source(CONTENT, refused(RangeFailed("503", throttled=True, retry_after_seconds=42))))
    assert naps.taken == [42]


def test_what_is_final_stops_all_and_comes_as_it_was(fetch: Any, scripted_source: Any) -> None:
    error = ObjectChanged("another ETag")
    source = scripted_source(CONTENT, refused(error))
    with pytest.raises(ObjectChanged) as raised:
        fetch(source)
    assert raised.value is error
    assert len(source.asked) == 1


def test_what_had_arrived_before_the_end_is_journalled(fetch: Any, scripted_source: Any, tmp_path: Path) -> None:
    plays = [in_pieces(PART), in_pieces(PART), broken_after(300), refused(UrlExpired("too late"))]
    with pytest.raises(UrlExpired):
        fetch(scripted_source(CONTENT, *plays))
    saved = read_journal(tmp_path / "disk.journal")
    assert saved is not None
    assert {number: claim.length for number, claim in saved.claims.items()} == {0: PART, 1: PART, 2: 300}


def test_a_full_disk_stops_all_and_what_it_did_not_take_is_not_claimed(
    fetch: Any, scripted_source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NoRoom("no room")

    monkeypatch.setattr(PartialFile, "write", refuse)
    with pytest.raises(NoRoom):
        fetch(scripted_source(CONTENT), jobs=4)
    saved = read_journal(tmp_path / "disk.journal")
    assert saved is not None
    assert saved.claims == {}


class Silence:
    """A body that gives some bytes, then nothing until it is let go; meanwhile the clock goes on."""

    def __init__(self, naps: Any, first: int) -> None:
        self.naps = naps
        self.first = first
        self.release = threading.Event()
        self.came_back = threading.Event()

    def __call__(self, data: bytes) -> Iterable[bytes | Exception]:
        if self.first:
            yield data[: self.first]
        self.naps.now += 61
        self.release.wait(10)
        self.came_back.set()
        yield b"\xff" * (len(data) - self.first)


@pytest.mark.parametrize("first", [0, 500])
def test_a_silent_range_is_abandoned_and_its_part_continued(
    fetch: Any, scripted_source: Any, naps: Any, tmp_path: Path, first: int
) -> None:
    silence = Silence(naps, first)
    source = scripted_source(CONTENT, silence)
    fetch(source, stall_seconds=60)
    assert source.asked[:2] == [(0, PART), (first, PART - first)]
    silence.release.set()
    silence.came_back.wait(5)
    assert held(tmp_path) == CONTENT


def test_silence_counts_as_a_failure(fetch: Any, scripted_source: Any, naps: Any) -> None:
    silences = [Silence(naps, 0) for _ in range(5)]
    with pytest.raises(RetriesExhausted, match="nothing came for 60 s"):
        fetch(scripted_source(CONTENT, *silences), stall_seconds=60)
    for silence in silences:
        silence.release.set()


def test_a_speed_limit_makes_workers_pause(fetch: Any, scripted_source: Any, naps: Any) -> None:
    fetch(scripted_source(CONTENT), bytes_per_second=len(CONTENT))
    assert max(naps.taken) == pytest.approx(1.0, rel=0.01)
