"""One pass over an object."""

import random
import threading
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from imgkit.digests import crc64
from imgkit.transfer.engine import PassResult, fetch_parts
from imgkit.transfer.journal import PartRecord, PinnedFacts, SavedJournal, begin_journal, read_journal
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

PART = 64 * KiB
CONTENT = random.Random(3).randbytes(5 * PART + 77)
FACTS = PinnedFacts(size=len(CONTENT), etag="E1", crc64=None, part_bytes=PART)


class RecordingBar:
    def __init__(self) -> None:
        self.done: list[int] = []
        self.notes: list[str] = []

    def set_done(self, done: int) -> None:
        self.done.append(done)

    def note(self, words: str) -> None:
        self.notes.append(words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""


class Bench:
    """An unfinished file with what an earlier run left, and one pass over it."""

    def __init__(self, folder: Path, naps: Any) -> None:
        self.part = folder / "disk.part"
        self.journal = folder / "disk.journal"
        self.naps = naps
        self.bar = RecordingBar()
        self.offered: list[int] = []
        self.saved = SavedJournal(FACTS, {})

    def left(self, *numbers: int, damaged: tuple[int, ...] = ()) -> None:
        content = bytearray(len(CONTENT))
        for number in numbers:
            place = FACTS.plan.part(number)
            content[place.start : place.end] = CONTENT[place.start : place.end]
        for number in damaged:
            content[FACTS.plan.part(number).start + 5] ^= 1
        self.part.write_bytes(content)
        self.saved = SavedJournal(FACTS, {number: self._claim(number) for number in numbers})

    def _claim(self, number: int) -> PartRecord:
        place = FACTS.plan.part(number)
        return PartRecord(number, place.length, crc64(CONTENT[place.start : place.end]))

    def fetch(self, source: Any, jobs: int = 1) -> PassResult:
        with (
            closing(PartialFile(self.part, len(CONTENT), fresh=False)) as file,
            closing(begin_journal(self.journal, FACTS)) as journal,
        ):
            return fetch_parts(
                source,
                self.saved,
                file=file,
                journal=journal,
                offer=self.offered.append,
                bar=self.bar,
                settings=TransferSettings(jobs=jobs, attempts=2),
                timing=self.naps.timing,
            )


@pytest.fixture
def bench(tmp_path: Path, naps: Any) -> Bench:
    return Bench(tmp_path, naps)


def test_only_missing_parts_are_fetched(bench: Bench, scripted_source: Any) -> None:
    bench.left(0, 1, 3)
    source = scripted_source(CONTENT)
    result = bench.fetch(source, jobs=3)
    assert sorted(start // PART for start, _ in source.asked) == [2, 4, 5]
    assert (result.reused_bytes, result.fetched_bytes) == (3 * PART, 2 * PART + 77)
    assert (bench.part.read_bytes(), result.crc64) == (CONTENT, crc64(CONTENT))


def test_damaged_parts_are_fetched_again(bench: Bench, scripted_source: Any) -> None:
    bench.left(0, 1, 2, 3, 4, 5, damaged=(1, 4))
    source = scripted_source(CONTENT)
    result = bench.fetch(source)
    assert sorted(start // PART for start, _ in source.asked) == [1, 4]
    assert bench.part.read_bytes() == CONTENT
    assert result.part_crcs == tuple(bench._claim(number).crc64 for number in range(6))


def test_the_bar_begins_at_what_was_there(bench: Bench, scripted_source: Any) -> None:
    bench.left(0, 1, 2, 3, 4, 5)
    bench.fetch(scripted_source(CONTENT))
    assert bench.bar.done[0] == len(CONTENT)


def test_the_bar_steps_back_for_damaged_parts_and_ends_whole(bench: Bench, scripted_source: Any) -> None:
    go = threading.Event()
    bench.left(0, 1, damaged=(1,))

    def slowly(data: bytes) -> Any:
        go.wait(5)
        return [data]

    set_done = bench.bar.set_done

    def watch(done: int) -> None:
        set_done(done)
        if done == PART:
            go.set()

    bench.bar.set_done = watch  # type: ignore[method-assign]  # to see the moment between
    bench.fetch(scripted_source(CONTENT, slowly))
    assert PART in bench.bar.done
    assert bench.bar.done[-1] == len(CONTENT)


def test_the_verified_prefix_is_offered_and_grows_to_the_whole(bench: Bench, scripted_source: Any) -> None:
    bench.left(0, 1, 4)
    bench.fetch(scripted_source(CONTENT), jobs=3)
    assert bench.offered[0] == PART
    assert bench.offered == sorted(bench.offered)
    assert bench.offered[-1] == len(CONTENT)


def test_all_that_came_is_in_the_journal(bench: Bench, scripted_source: Any) -> None:
    bench.fetch(scripted_source(CONTENT))
    saved = read_journal(bench.journal)
    assert saved is not None
    assert saved.claims == {number: bench._claim(number) for number in range(6)}


def test_trouble_is_told_beside_the_bar(bench: Bench, scripted_source: Any) -> None:
    bench.fetch(scripted_source(CONTENT, lambda data: [data[:9]]))
    assert any("ended before" in note for note in bench.bar.notes)


def test_an_interruption_stops_workers_and_keeps_what_came(bench: Bench, scripted_source: Any) -> None:
    hang = threading.Event()

    def give_some_then_hang(data: bytes) -> Any:
        yield data[:1234]
        hang.wait(10)

    def interrupt(done: int) -> None:
        if done >= 1:
            hang.set()
            raise KeyboardInterrupt

    first = scripted_source(CONTENT, lambda data: [data], give_some_then_hang)
    bench.bar.set_done = interrupt  # type: ignore[method-assign]  # Ctrl-C arrives in the thread that draws
    with pytest.raises(KeyboardInterrupt):
        bench.fetch(first)
    saved = read_journal(bench.journal)
    assert saved is not None
    assert saved.claims[0] == bench._claim(0)
