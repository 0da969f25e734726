"""When to ask again, and how long to wait before."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from imgkit.errors import RetriesExhausted
from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import RangeFailed, RangeSource

log = logging.getLogger(__name__)

LONGEST_ASKED_SECONDS = 600.0  # a service that asks for more is asked again after ten minutes all the same


def _pause(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Clocks, pause and chance. `pause` ends early when its event is set; a tick is how often things are seen to."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    pause: Callable[[threading.Event, float], None] = _pause
    chance: Callable[[], float] = random.random
    tick_seconds: float = 0.2


REAL_TIME = Timing()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Exponential, capped, with jitter, so that many workers do not come back at the same moment."""

    attempts: int
    first_delay_seconds: float
    longest_delay_seconds: float

    def delay_seconds(self, failures: int, *, chance: float, asked_seconds: float | None = None) -> float:
        """Return the pause after so many failures in a row, and no less than the service asked for."""
        doubled = self.first_delay_seconds * 2.0 ** min(failures - 1, 60)
        own = min(doubled, self.longest_delay_seconds) * (0.5 + chance / 2)
        return max(own, min(asked_seconds or 0.0, LONGEST_ASKED_SECONDS))


def describe_patiently(source: RangeSource, rule: RetryRule, timing: Timing) -> ObjectInfo:
    """Ask for size, ETag and CRC until they come. Raises RetriesExhausted, and what the source raises for good."""
    never = threading.Event()
    failures = 0
    while True:
        try:
            return source.describe()
        except RangeFailed as failed:
            failures += 1
            if failures >= rule.attempts:
                raise exhausted(source.label, "its size and ETag", failures, failed) from failed
            delay = rule.delay_seconds(failures, chance=timing.chance(), asked_seconds=failed.retry_after_seconds)
            log.info("%s: asking again in %.1f s: %s", source.label, delay, failed)
            timing.pause(never, delay)


def exhausted(label: str, what: str, failures: int, last: object) -> RetriesExhausted:
    """Return the error that names what could not be had, how often it was tried, and the last reason."""
    return RetriesExhausted(
        f"could not get {what} of {label}: {failures} attempts in a row failed, the last one because: {last}",
        hint="What has arrived is kept: when the network is well again, the same command goes on from there.",
    )
