"""Tests of stages/verify/at_once.py."""

import threading
from collections.abc import Iterator

import pytest

from imgkit.model.checking import LinkOutcome
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.verify.at_once import run_jobs
from imgkit.stages.verify.links import Job, held


def test_outcomes_come_in_the_order_of_the_jobs_with_their_disk():
    def job(name: str, size: int, disk: str) -> Job:
        return Job(look=lambda _: (held(name, "a"), held(name, "b")), work_bytes=size, disk=disk)

    found = run_jobs([job("one", 1, "system"), job("two", 100, "")], title="", progress=NULL_PROGRESS)
    assert [(link.subject, link.link, link.disk) for link in found] == [
        ("one", "a", "system"),
        ("one", "b", "system"),
        ("two", "a", ""),
        ("two", "b", ""),
    ]


def test_several_are_at_work_at_a_time():
    together = threading.Barrier(2, timeout=20)

    def look(_progress: Progress) -> Iterator[LinkOutcome]:
        together.wait()
        yield held("s", "l")

    assert len(run_jobs([Job(look=look)] * 2, title="", progress=NULL_PROGRESS)) == 2


def test_an_error_ends_the_others_at_their_next_block():
    begun = threading.Event()
    blocks: list[int] = []

    def endless(progress: Progress) -> Iterator[LinkOutcome]:
        with progress.bar("endless", total=None) as bar:
            begun.set()
            for number in range(1_000_000_000):
                blocks.append(number)
                bar.set_done(number)
        yield held("s", "l")

    def fails(_progress: Progress) -> Iterator[LinkOutcome]:
        begun.wait(20)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_jobs([Job(look=fails), Job(look=endless)], title="", progress=NULL_PROGRESS)
    assert blocks
