"""A thread that works through what it is handed, in order, with a bounded queue in front of it."""

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from imgkit.units import MiB

Item = TypeVar("Item")

LARGEST_WEIGHT = 16 * MiB
_MOST_ITEMS = 4096


class Lane(Generic[Item]):
    """Calls `work` with each item on a thread of its own. Its error is raised by the next `put`, or by `finish`.

    The queue is bounded by what its items weigh, so that those without weight, such as holes, keep nobody waiting.
    Leaving the block without `finish` throws away what is queued and waits for the item that is being worked on.
    """

    def __init__(self, name: str, work: Callable[[Item], None]) -> None:
        self._work = work
        self._items: deque[tuple[Item, int]] = deque()
        self._weight = 0
        self._changed = threading.Condition()
        self._ending = False
        self._idle = False  # set once nothing more is to be worked on: items are taken and dropped
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item, weight: int = 0) -> None:
        """Hand over one item; waits while the queue is full."""
        self._raise_error()
        with self._changed:
            while not self._has_room(weight):
                self._changed.wait()
            self._items.append((item, weight))
            self._weight += weight
            self._changed.notify_all()

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
            self._idle = True
            self._end()

    def _has_room(self, weight: int) -> bool:
        """One item is always taken, however heavy it is."""
        return not self._items or (self._weight + weight <= LARGEST_WEIGHT and len(self._items) < _MOST_ITEMS)

    def _end(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            if self._idle:
                continue
            try:
                self._work(taken[0])
            except BaseException as error:  # noqa: BLE001  # raised where the items come from
                self._error = error
                self._idle = True

    def _next(self) -> tuple[Item, int] | None:
        """Take the next item, None at the end; it weighs nothing any more once it is taken."""
        with self._changed:
            while not self._items and not self._ending:
                self._changed.wait()
            if not self._items:
                return None
            item, weight = self._items.popleft()
            self._weight -= weight
            self._changed.notify_all()
            return item, weight
