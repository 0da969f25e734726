"""Pieces of work on all cores: several files at a time, and the outcomes in the order of the pieces."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Self

from imgkit.model.checking import LinkOutcome
from imgkit.progress import Bar, Progress, together
from imgkit.stages.verify.links import Job

_MOST_AT_ONCE = 4  # each file also has threads of its own


def run_jobs(jobs: Sequence[Job], *, title: str, progress: Progress, at_once: int | None = None) -> list[LinkOutcome]:
    """Do all of it. An error or an interruption ends the others at their next block, and is raised."""
    stop = threading.Event()
    total = sum(job.work_bytes for job in jobs)
    with together(progress, title, total=total) as shared:
        stoppable = _StoppableProgress(shared, stop)
        with ThreadPoolExecutor(at_once or _usual(), thread_name_prefix="check") as pool:
            futures = {number: pool.submit(_outcomes, jobs[number], stoppable) for number in _order(jobs)}
            try:
                return [link for number in range(len(jobs)) for link in futures[number].result()]
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _usual() -> int:
    return max(2, min(os.cpu_count() or 1, _MOST_AT_ONCE))


def _order(jobs: Sequence[Job]) -> list[int]:
    """What keeps one processor busy for long goes first; the rest uses what it leaves."""
    return sorted(range(len(jobs)), key=lambda number: (not jobs[number].serial, -jobs[number].work_bytes))


def _outcomes(job: Job, progress: Progress) -> list[LinkOutcome]:
    return [replace(link, disk=link.disk or job.disk) for link in job.look(progress)]


class _Stopped(Exception):  # asked for
    """Somebody else failed, or the user wants to stop."""


class _StoppableProgress:
    """Every piece of work tells how far it is: that is where it can be stopped."""

    def __init__(self, progress: Progress, stop: threading.Event) -> None:
        self._progress = progress
        self._stop = stop

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> Bar:
        return _StoppableBar(self._progress.bar(title, total=total, unit=unit), self._stop)


class _StoppableBar(AbstractContextManager["_StoppableBar"]):
    def __init__(self, bar: Bar, stop: threading.Event) -> None:
        self._bar = bar
        self._stop = stop

    def set_done(self, done: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self._bar.set_done(done)

    def note(self, words: str) -> None:
        self._bar.note(words)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, trace)
