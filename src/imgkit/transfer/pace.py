"""How many ranges are open at once, and how fast bytes may come."""

import logging
import threading
from collections.abc import Callable

from imgkit.units import KiB

log = logging.getLogger(__name__)


_NEVER = threading.Event()


class Gate:
    """Halved when the service asks for less, one wider after as many good parts as it lets through, up to `target`.

    Answers to requests from before the last halving do not halve it again: one wave of refusals counts once.
    Several transfers may go through one gate.
    """

    def __init__(self, jobs: int) -> None:
        self._target = jobs
        self._width = jobs
        self._inside = 0
        self._good = 0
        self._wave = 0
        self._changed = threading.Condition()

    @property
    def width(self) -> int:
        return self._width

    @property
    def target(self) -> int:
        """How wide it is when nobody asks for less."""
        return self._target

    @property
    def wave(self) -> int:
        """How often the service has asked for less."""
        return self._wave

    @property
    def is_full(self) -> bool:
        """Whether as many are inside as may be."""
        return self._inside >= self._width

    def enter(self, stop: threading.Event = _NEVER) -> int:
        """Wait for room, or until `stop` is set and `wake` was called; return the wave that this request belongs to."""
        with self._changed:
            while self._inside >= self._width and not stop.is_set():
                self._changed.wait()
            self._inside += 1
            return self._wave

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify()

    def narrow(self, wave: int) -> None:
        """Let through half as many from now on."""
        with self._changed:
            if wave != self._wave:
                return
            self._wave += 1
            self._good = 0
            if self._width == 1:
                return
            self._width //= 2
        log.info("the service asked for less: %d ranges at once from now on", self._width)

    def widen(self) -> None:
        """Count a good part."""
        with self._changed:
            self._good += 1
            if self._good < self._width or self._width >= self._target:
                return
            self._good = 0
            self._width += 1
            self._changed.notify()
        log.info("the service keeps up: %d ranges at once from now on", self._width)

    def retarget(self, jobs: int) -> None:
        """Let so many through from now on."""
        with self._changed:
            self._target = self._width = jobs
            self._good = 0
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait see that they are to stop."""
        with self._changed:
            self._changed.notify_all()


class SpeedLimit:
    """All workers together stay below so many bytes a second; 0 is no limit."""

    def __init__(self, bytes_per_second: int, monotonic: Callable[[], float]) -> None:
        self._bytes_per_second = bytes_per_second
        self._monotonic = monotonic
        self._free_at = monotonic()
        self._lock = threading.Lock()

    @property
    def bite_bytes(self) -> int | None:
        """How much may be read at once, so that pauses stay short."""
        return max(self._bytes_per_second // 8, KiB) if self._bytes_per_second else None

    def pause_after(self, count: int) -> float:
        """Return how long whoever has just read so many bytes should wait."""
        if not self._bytes_per_second:
            return 0.0
        with self._lock:
            now = self._monotonic()
            self._free_at = max(self._free_at, now) + count / self._bytes_per_second
            return self._free_at - now
