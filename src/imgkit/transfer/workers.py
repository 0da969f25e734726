"""Workers that fetch parts, and what happens when a range breaks, stalls or will not come."""

import logging
import threading
from functools import partial

from imgkit.ports import RangeBody, RangeFailed, RangeSource
from imgkit.transfer.budget import Budget
from imgkit.transfer.crew import Crew
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.retry import Timing, exhausted
from imgkit.transfer.settings import TransferSettings
from imgkit.transfer.task_queue import Task, TaskQueue

log = logging.getLogger(__name__)


_BROKEN = (RangeFailed, ConnectionError, TimeoutError)
_KEEP_SECONDS = 0.5  # how long bytes may wait in a buffer that does not fill


class Attempt:
    """One request for the rest of a part. Once it is abandoned, its worker writes nothing more.

    `unkept` is what lies in the worker's buffer, and the offset where it belongs: nobody writes there until it is kept.
    """

    def __init__(self, task: Task, *, wave: int, now: float) -> None:
        self.task = task
        self.wave = wave
        self.worker = threading.current_thread()
        self.last_sign = now
        self.unkept: tuple[memoryview, int] | None = None
        self.got_bytes = False
        self.is_abandoned = False
        self.writing = threading.Lock()

    def abandon(self) -> None:
        with self.writing:
            self.is_abandoned = True

    def abandon_if_silent(self, since: float) -> bool:
        """Abandon it unless it has shown a sign of life after that moment, or is writing right now."""
        if self.last_sign > since or not self.writing.acquire(blocking=False):
            return False
        try:
            self.is_abandoned = self.last_sign <= since
        finally:
            self.writing.release()
        return self.is_abandoned


class Workers:
    """As many threads as the budget's gate is wide, each with one buffer; the gate says how many fetch at once.

    `trouble` is the last reason why one had to wait.
    """

    def __init__(
        self,
        source: RangeSource,
        etag: str,
        *,
        queue: TaskQueue,
        ledger: Ledger,
        file: PartialFile,
        crew: Crew,
        settings: TransferSettings,
        budget: Budget,
        timing: Timing,
    ) -> None:
        self._source = source
        self._etag = etag
        self._queue = queue
        self._ledger = ledger
        self._file = file
        self._crew = crew
        self._settings = settings
        self._timing = timing
        self._budget = budget
        self._gate = budget.gate
        self._limit = budget.limit
        self._started = 0
        self._open: set[Attempt] = set()
        self._open_lock = threading.Lock()
        self.trouble = ""

    def fit(self) -> None:
        """Have as many threads as may fetch at once, but no more than there are parts."""
        while self._started < min(self._gate.target, self._ledger.plan.count):
            self._started += 1
            self._crew.start("fetch", self._work)

    def replace_stalled(self) -> None:
        """Abandon attempts that have given nothing for too long; new workers take over their parts."""
        since = self._timing.monotonic() - self._settings.stall_seconds
        for attempt in self._all_open():
            if attempt.abandon_if_silent(since) and self._retire(attempt):
                self._crew.disown(attempt.worker)
                self._crew.start("fetch", partial(self._take_over, attempt))

    def stop(self) -> None:
        """Keep what lies in buffers and send all home; who hangs in a read writes nothing when it comes back."""
        self._crew.stop.set()
        self._queue.stop()
        self._gate.wake()
        for attempt in self._all_open():
            attempt.abandon()
            self._save(attempt)
        self._crew.dismiss()

    def _work(self) -> None:
        buffer = memoryview(bytearray(self._settings.buffer_bytes))
        while (task := self._queue.take()) is not None:
            if not self._fetch(task, buffer):
                return

    def _take_over(self, stalled: Attempt) -> None:
        self._save(stalled)
        self._wait_after(stalled, RangeFailed(f"nothing came for {self._settings.stall_seconds:g} s"))
        self._queue.put(stalled.task)
        self._work()

    def _fetch(self, task: Task, buffer: memoryview) -> bool:
        """Fetch the rest of a part, however often it takes; False when another worker has it now, or all stop."""
        while self._ledger.rest_of(task.number).length:
            attempt = self._begin(task)
            failed = self._try(attempt, buffer)
            if not self._retire(attempt) or self._crew.stop.is_set():
                return False
            if failed is not None:
                self._wait_after(attempt, failed)
        self._gate.widen()
        return True

    def _try(self, attempt: Attempt, buffer: memoryview) -> Exception | None:
        """Receive what comes; return why no more came, if asking again is sensible."""
        try:
            self._receive(attempt, buffer)
        except _BROKEN as broken:
            return broken
        except Exception:
            if self._retire(attempt):
                raise
        return None  # all has come, or the part is another worker's by now

    def _receive(self, attempt: Attempt, buffer: memoryview) -> None:
        """Write out the buffer when it is full or half a second old, at the end, and when the answer breaks."""
        rest = self._ledger.rest_of(attempt.task.number)
        if self._crew.stop.is_set():
            return
        with self._source.open_range(rest.start, rest.length, etag=self._etag) as body:
            while rest.length and not self._crew.stop.is_set():
                window = buffer[: rest.length]
                count, broken = self._fill(attempt, body, window, rest.start)
                if not self._keep(attempt, window[:count], rest.start):
                    return
                rest = rest.without_first(count)
                if broken is not None:
                    raise broken

    def _fill(self, attempt: Attempt, body: RangeBody, window: memoryview, offset: int) -> tuple[int, Exception | None]:
        """Return how many bytes came, and why there were no more where the answer broke."""
        filled, begun = 0, self._timing.monotonic()
        while filled < len(window) and not self._crew.stop.is_set():
            try:
                count = body.readinto(window[filled:][: self._limit.bite_bytes])
            except _BROKEN as broken:
                return filled, broken
            if count == 0:
                return filled, RangeFailed("the answer ended before all of its bytes had come")
            filled += count
            attempt.unkept = window[:filled], offset
            self._slow_down(count)
            attempt.last_sign = now = self._timing.monotonic()
            if now - begun >= _KEEP_SECONDS:
                break
        return filled, None

    def _keep(self, attempt: Attempt, data: memoryview, offset: int) -> bool:
        """Write and count bytes, unless another worker has the part by now."""
        with attempt.writing:
            if attempt.is_abandoned:
                return False
            self._write(attempt, data, offset)
        return True

    def _save(self, abandoned: Attempt) -> None:
        """Write what lies in the buffer of a worker that hangs."""
        if abandoned.unkept is not None:
            self._write(abandoned, *abandoned.unkept)

    def _write(self, attempt: Attempt, data: memoryview, offset: int) -> None:
        if data:
            self._file.write(data, offset)
            self._ledger.add(attempt.task.number, data)
            self._budget.count(len(data))
            attempt.got_bytes = True
        attempt.unkept = None
        attempt.last_sign = self._timing.monotonic()

    def _slow_down(self, count: int) -> None:
        delay = self._limit.pause_after(count)
        if delay > 0:
            self._timing.pause(self._crew.stop, delay)

    def _wait_after(self, attempt: Attempt, failed: Exception) -> None:
        """Pause before the next attempt. Raises RetriesExhausted after too many without a byte between them."""
        task, rule = attempt.task, self._settings.retry_rule
        task.failures = 1 if attempt.got_bytes else task.failures + 1
        if task.failures >= rule.attempts:
            what = str(self._ledger.rest_of(task.number))
            raise exhausted(self._source.label, what, task.failures, failed) from failed
        asked = failed.retry_after_seconds if isinstance(failed, RangeFailed) else None
        if isinstance(failed, RangeFailed) and failed.throttled:
            self._gate.narrow(attempt.wave)
        delay = rule.delay_seconds(task.failures, chance=self._timing.chance(), asked_seconds=asked)
        self.trouble = f"{failed}; asking again in {delay:.1f} s"
        log.info("%s: part %d: %s", self._source.label, task.number, self.trouble)
        self._timing.pause(self._crew.stop, delay)

    def _begin(self, task: Task) -> Attempt:
        wave = self._gate.enter(self._crew.stop)
        attempt = Attempt(task, wave=wave, now=self._timing.monotonic())
        with self._open_lock:
            self._open.add(attempt)
        return attempt

    def _retire(self, attempt: Attempt) -> bool:
        """End an attempt; True for the one caller who ended it, and who answers for its part from now on."""
        with self._open_lock:
            if attempt not in self._open:
                return False
            self._open.discard(attempt)
        self._gate.leave()
        return True

    def _all_open(self) -> list[Attempt]:
        with self._open_lock:
            return list(self._open)
