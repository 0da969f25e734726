"""A URL that ends before its object is here is told while there is time to ask for another."""

import logging
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from imgkit.ports import RangeSource
from imgkit.transfer.retry import Timing

log = logging.getLogger(__name__)

_SETTLED_SECONDS = 10.0  # before that, the speed says little


@runtime_checkable
class Expiring(Protocol):
    """A source that can be read until a moment that is known."""

    @property
    def expires_at(self) -> datetime | None: ...


class ExpiryWatch:
    """Warns once when the rest will not come in time at the speed that was measured."""

    def __init__(self, source: RangeSource, timing: Timing) -> None:
        self._label = source.label
        self._expires_at = source.expires_at if isinstance(source, Expiring) else None
        self._timing = timing
        self._begun = timing.monotonic()

    def look(self, *, fetched: int, left: int) -> None:
        """Compare how long the rest takes with how long it may take."""
        running = self._timing.monotonic() - self._begun
        if self._expires_at is None or running < _SETTLED_SECONDS or not fetched:
            return
        remaining, needed = self._expires_at - self._timing.now(), timedelta(seconds=left * running / fetched)
        if needed > remaining:
            log.warning(
                "%s: the rest takes %s at this speed, and the URL ends in %s: ask for a new one in time. What has come "
                "by then is kept, and the same command goes on from there with the new URL.",
                self._label,
                describe_duration(needed),
                describe_duration(max(remaining, timedelta())),
            )
            self._expires_at = None


def describe_duration(span: timedelta) -> str:
    """Return a span in minutes, or in hours and minutes: `45 min`, `3 h 20 min`."""
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
