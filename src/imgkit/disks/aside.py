"""Work beside the work: a reading that runs in a thread while something else is waited for, and ends with it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

R = TypeVar("R")


class Stopped(Exception):
    """The work beside was told to end; nobody waits for it any more."""


@contextmanager
def aside(work: Callable[[Callable[[], None]], R]) -> Iterator[Future[R]]:
    """Start `work` in a thread; leaving the block by an error tells it to end, and waits for that.

    `work` is given a function to call often, which raises Stopped when it shall end.
    """
    stopping = threading.Event()

    def check() -> None:
        if stopping.is_set():
            raise Stopped

    with ThreadPoolExecutor(1, thread_name_prefix="aside") as pool:
        future = pool.submit(work, check)
        try:
            yield future
        except BaseException:
            stopping.set()
            raise
