"""Reading back what an earlier run left."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.transfer.crew import Crew
from imgkit.transfer.journal import PartRecord
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.ranges import PartPlan
from imgkit.transfer.readback import read_back
from imgkit.transfer.task_queue import TaskQueue

CONTENT = random.Random(2).randbytes(300)
PLAN = PartPlan(size=300, part_bytes=100)
CLAIMS = [
    PartRecord(0, 100, crc64(CONTENT[:100])),
    PartRecord(1, 40, crc64(CONTENT[100:140])),
    PartRecord(2, 100, crc64(CONTENT[200:])),
]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[PartialFile]:
    (tmp_path / "disk.part").write_bytes(CONTENT)
    with closing(PartialFile(tmp_path / "disk.part", 300, fresh=False)) as opened:
        yield opened


def queued(queue: TaskQueue) -> list[int]:
    return [task.number for task in iter(queue.take, None)]


def test_whole_parts_are_done_and_begun_ones_are_queued(file: PartialFile) -> None:
    ledger, queue = Ledger(PLAN, CLAIMS, lambda _: None), TaskQueue([])
    read_back(CLAIMS, file=file, ledger=ledger, queue=queue, crew=Crew())
    assert (queued(queue), ledger.reused_bytes) == ([1], 240)


def test_damaged_parts_are_queued_and_others_are_not(file: PartialFile, caplog: pytest.LogCaptureFixture) -> None:
    file.write(memoryview(b"\0\0\0\0"), 250)
    ledger, queue = Ledger(PLAN, CLAIMS, lambda _: None), TaskQueue([])
    read_back(CLAIMS, file=file, ledger=ledger, queue=queue, crew=Crew())
    assert queued(queue) == [1, 2]
    assert "bytes 200-299 are damaged on disk" in caplog.text


def test_it_ends_early_when_all_are_to_stop(file: PartialFile) -> None:
    crew, ledger = Crew(), Ledger(PLAN, CLAIMS, lambda _: None)
    crew.stop.set()
    read_back(CLAIMS, file=file, ledger=ledger, queue=TaskQueue([]), crew=crew)
    assert ledger.reused_bytes == 0
