"""How many ranges at once are worth it: more are tried while they bring more bytes, and taken back where not."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from imgkit.transfer.pace import Gate
from imgkit.units import describe_bytes

log = logging.getLogger(__name__)

FIRST_JOBS = 4
MOST_JOBS_UNASKED = 32
_WINDOW_SECONDS = 2.0
_REST_SECONDS = 60.0  # after a trial that brought nothing, and after the service asked for less
_WORTH_IT = 1.1


@dataclass(frozen=True, slots=True)
class _Trial:
    """What more ranges at once must do better than. In its first window the new connections only begin."""

    jobs: int
    speed: float
    begun: bool = False


class Tempo:
    """Looks at the speed every other second and moves the target of a gate."""

    def __init__(self, gate: Gate, monotonic: Callable[[], float], *, most: int = MOST_JOBS_UNASKED) -> None:
        self._gate = gate
        self._monotonic = monotonic
        self._most = most
        self._since = self._rests_until = monotonic()
        self._received = 0
        self._wave = gate.wave
        self._trial: _Trial | None = None
        self._looking = threading.Lock()

    def look(self, received: int) -> None:
        """Judge the last window, where one has ended; `received` are all bytes so far."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            now = self._monotonic()
            if now - self._since >= _WINDOW_SECONDS:
                speed = (received - self._received) / (now - self._since)
                self._since, self._received = now, received
                self._judge(speed, now)
        finally:
            self._looking.release()

    def _judge(self, speed: float, now: float) -> None:
        if self._gate.wave != self._wave:
            self._wave = self._gate.wave
            self._give_in(now)
        elif self._trial is not None:
            self._end_trial(self._trial, speed, now)
        elif now >= self._rests_until and self._gate.is_full:
            self._try_more(speed)

    def _give_in(self, now: float) -> None:
        """The service asked for less: what was tried is taken back, and nothing more is tried for a while."""
        self._rests_until = now + _REST_SECONDS
        if self._trial is not None:
            log.info("the service asked for less: no more than %d ranges at once", self._trial.jobs)
            self._gate.retarget(min(self._trial.jobs, self._gate.width))
            self._trial = None

    def _try_more(self, speed: float) -> None:
        jobs = self._gate.target
        more = min(2 * jobs, self._most)
        if self._gate.width < jobs or more == jobs:
            return
        log.info("%s/s with %d ranges at once; trying %d", describe_bytes(int(speed)), jobs, more)
        self._trial = _Trial(jobs, speed)
        self._gate.retarget(more)

    def _end_trial(self, trial: _Trial, speed: float, now: float) -> None:
        if not trial.begun:
            self._trial = _Trial(trial.jobs, trial.speed, begun=True)
            return
        self._trial = None
        told = f"{describe_bytes(int(speed))}/s instead of {describe_bytes(int(trial.speed))}/s"
        if speed >= trial.speed * _WORTH_IT:
            log.info("%d ranges at once bring %s: kept", self._gate.target, told)
            self._try_more(speed)
            return
        log.info("%d ranges at once bring %s: back to %d", self._gate.target, told, trial.jobs)
        self._gate.retarget(trial.jobs)
        self._rests_until = now + _REST_SECONDS
