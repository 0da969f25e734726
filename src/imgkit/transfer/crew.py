"""Threads that stop together: the first error stops all, and is raised where they are waited for."""

import threading
import time
from collections.abc import Callable

_GRACE_SECONDS = 2.0


class Crew:
    """Daemon threads: one that hangs in a read for good does not keep the program from ending."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._working = 0
        self._changed = threading.Condition()

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Let a new thread do this work."""
        with self._changed:
            self._working += 1
        thread = threading.Thread(target=self._do, args=(work,), name=f"imgkit-{name}", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def disown(self, thread: threading.Thread) -> None:
        """Wait for this one no more: it hangs, and another does its work."""
        self._threads = [each for each in self._threads if each is not thread]

    def wait(self, seconds: float) -> None:
        """Wait until somebody finishes, at most so long. Raises the first error."""
        with self._changed:
            if self._error is None and self._working:
                self._changed.wait(seconds)
        self.raise_first()

    def raise_first(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error

    def dismiss(self) -> None:
        """Stop all and wait for them, but not for those that hang."""
        self.stop.set()
        deadline = time.monotonic() + _GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _do(self, work: Callable[[], None]) -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001  # raised again in the thread that waits
            error = raised
        with self._changed:
            self._working -= 1
            if error is not None:
                self._error = self._error or error
                self.stop.set()
            self._changed.notify_all()
