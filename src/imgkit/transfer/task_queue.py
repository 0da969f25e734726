"""Parts waiting for a worker, the lowest first, so that the finished prefix grows."""

import heapq
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Task:
    """A part of which something is to be fetched; `failures` in a row so far without a byte."""

    number: int
    failures: int = field(default=0, compare=False)


class TaskQueue:
    """More may come until `close`; then a worker that finds nothing goes home."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._waiting = [Task(number) for number in numbers]
        heapq.heapify(self._waiting)
        self._closed = False
        self._stopped = False
        self._changed = threading.Condition()

    def put(self, task: Task) -> None:
        with self._changed:
            heapq.heappush(self._waiting, task)
            self._changed.notify()

    def take(self) -> Task | None:
        """Return the lowest part, waiting for one as long as more may come; None when there is nothing left to do."""
        with self._changed:
            while not self._stopped:
                if self._waiting:
                    return heapq.heappop(self._waiting)
                if self._closed:
                    return None
                self._changed.wait()
            return None

    def close(self) -> None:
        """Say that no more will come, except what is given back."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Send everybody home."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
