"""Group commit: durable first, journalled second."""

from pathlib import Path
from typing import Any

import pytest

from imgkit.errors import NotAccessible
from imgkit.transfer.commits import Committer
from imgkit.transfer.crew import Crew
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.ranges import PartPlan


class Recorder:
    """A file and a journal that write down in which order they were used."""

    def __init__(self, *, broken: bool = False) -> None:
        self.calls: list[Any] = []
        self.broken = broken
        self.path = Path("x")

    def sync(self) -> None:
        if self.broken:
            raise NotAccessible("the disk is failing")
        self.calls.append("sync")

    def append(self, records: Any) -> None:
        self.calls.append([record.number for record in records])


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(PartPlan(size=20, part_bytes=10), [], lambda _: None)


def committer_of(ledger: Ledger, recorder: Any) -> Committer:
    return Committer(ledger, recorder, recorder)


def test_data_is_durable_before_its_record_is_written(ledger: Ledger) -> None:
    recorder = Recorder()
    ledger.add(1, memoryview(b"0123456789"))
    committer_of(ledger, recorder).commit()
    assert recorder.calls == ["sync", [1]]


def test_without_news_nothing_is_synced(ledger: Ledger) -> None:
    recorder = Recorder()
    committer_of(ledger, recorder).commit(everything=True)
    assert recorder.calls == []


def test_data_that_could_not_be_made_durable_is_never_claimed(ledger: Ledger) -> None:
    recorder = Recorder(broken=True)
    ledger.add(1, memoryview(b"0123456789"))
    committer = committer_of(ledger, recorder)
    with pytest.raises(NotAccessible):
        committer.commit()
    recorder.broken = False
    committer.commit(everything=True)
    assert recorder.calls == []


def test_it_commits_until_the_crew_stops(ledger: Ledger) -> None:
    recorder, crew = Recorder(), Crew()
    ledger.add(0, memoryview(b"0123456789"))
    committer = committer_of(ledger, recorder)
    crew.start("commit", lambda: committer.work(crew, 0.001))
    while [0] not in recorder.calls:
        crew.wait(0.001)
    crew.dismiss()
    assert recorder.calls == ["sync", [0]]
