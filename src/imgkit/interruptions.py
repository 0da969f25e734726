"""Interruptions that wait: Ctrl-C, SIGTERM and SIGHUP while a moment lasts in which no work should end.

Such a moment is the one from a result's final name to its record, and the life of a file that tries something out. Only
the main thread is interrupted in Python; elsewhere nothing waits, and nothing needs to. `kill -9` waits for nobody.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Waiting:
    """Keeps the first interruption that comes."""

    def __init__(self) -> None:
        self._usual: dict[int, Any] = {}
        self._came: int | None = None

    def begin(self) -> None:
        for number in _ENDING:
            handler = signal.getsignal(number)
            if number not in self._usual and handler not in {signal.SIG_IGN, None}:
                self._usual[number] = handler
                signal.signal(number, self._keep)

    def end(self, *, forget: bool) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        if self._came is not None and not forget:
            signal.raise_signal(self._came)

    def _keep(self, number: int, _frame: FrameType | None) -> None:
        self._came = self._came or number


_completing: list[_Waiting] = []  # of the main thread; the last is the innermost


@contextmanager
def held_back() -> Iterator[None]:
    """Let interruptions wait until the block ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = _Waiting()
    try:
        waiting.begin()
        yield
    finally:
        waiting.end(forget=False)


@contextmanager
def completing(*, is_the_end: bool = False) -> Iterator[None]:
    """Let interruptions wait from the first `begin_completing` in the block until it ends.

    With `is_the_end` nothing is left to be interrupted then, and one that came is forgotten.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = _Waiting()
    _completing.append(waiting)
    try:
        yield
    except BaseException:
        is_the_end = False
        raise
    finally:
        _completing.remove(waiting)
        waiting.end(forget=is_the_end)


def begin_completing() -> None:
    """Say that a result is about to have its final name: whoever completes it is not interrupted from here on."""
    if _completing and threading.current_thread() is threading.main_thread():
        _completing[-1].begin()
