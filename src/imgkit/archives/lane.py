"""A thread that works through what it is handed, in order, with a bounded queue in front of it."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")

_DEPTH = 6


class Lane(Generic[Item]):
    """Calls `work` with each item on a thread of its own. Its error is raised by the next `put`, or by `finish`.

    Leaving the block without `finish` throws away what is queued and waits for the item that is being worked on.
    """

    def __init__(self, name: str, work: Callable[[Item], None]) -> None:
        self._work = work
        self._queue: queue.Queue[Item | None] = queue.Queue(_DEPTH)
        self._error: BaseException | None = None
        self._idle = threading.Event()  # set once nothing more is to be worked on: items are taken and dropped
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over one item; waits while the queue is full."""
        self._raise_error()
        self._queue.put(item)

    def finish(self) -> None:
        """Wait until all is worked through."""
        self._end()
        self._raise_error()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._idle.set()
            self._end()

    def _end(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._idle.is_set():
                continue
            try:
                self._work(item)
            except BaseException as error:  # noqa: BLE001  # raised where the items come from
                self._error = error
                self._idle.set()
