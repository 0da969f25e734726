"""Asking again: exponential pauses with jitter, for calls that change nothing or may be repeated."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from imgkit.errors import CloudError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
_JITTER = random.SystemRandom()


class TryAgain(Exception):  # what to do, not a failure of its own
    """An answer that may be better next time. `code` and `request_id` are the service's, where it gave any."""

    def __init__(
        self,
        reason: str,
        *,
        hint: str = "",
        code: str = "",
        request_id: str = "",
        throttled: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code
        self.request_id = request_id
        self.throttled = throttled
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how patiently. With the defaults it gives up after about a minute."""

    attempts: int = 8
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 30.0
    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = _JITTER.random

    def call(self, once: Callable[[], Answer], *, doing: str) -> Answer:
        """Call `once` until it does not raise TryAgain. Raises CloudError when the attempts are used up."""
        for attempt in range(1, self.attempts):
            try:
                return once()
            except TryAgain as again:
                pause = self._pause_seconds(attempt, again)
                log.info("could not %s: %s; attempt %d, again in %.1f s", doing, again.reason, attempt, pause)
                self.sleep(pause)
        try:
            return once()
        except TryAgain as last:
            raise CloudError(
                f"Cannot {doing}: {last.reason}; asked {self.attempts} times.",
                hint=last.hint or "Try again later; nothing is lost.",
                code=last.code,
                request_id=last.request_id,
            ) from last

    def _pause_seconds(self, attempt: int, again: TryAgain) -> float:
        """Half of the pause is fixed and half left to chance, so that many clients do not come back together."""
        full = min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
        wished = min(again.retry_after_seconds or 0.0, self.longest_pause_seconds)
        return max(wished, full * (0.5 + 0.5 * self.jitter()))
