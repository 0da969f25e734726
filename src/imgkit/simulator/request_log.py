"""What was asked of the loopback cloud and what went out."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime

_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request that was served, well or badly."""

    at: datetime
    service: str
    action: str
    method: str
    path: str
    bucket: str = ""
    key: str = ""
    range: str = ""
    signature: str = ""
    status: int = 0  # 0: the connection was closed without an answer
    bytes_sent: int = 0  # of the body, counted once they are sent
    faults: tuple[str, ...] = ()


class RequestLog:
    """The last requests, oldest first; safe to use from several threads.

    A request is noted before its answer goes out, so that a client which has the answer finds it here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[int, Served] = {}
        self._next = 0

    def add(self, served: Served) -> int:
        """Note a request; return the number to finish it with."""
        with self._lock:
            number = self._next
            self._next += 1
            self._served[number] = served
            self._served.pop(number - _MOST, None)
            return number

    def finish(self, number: int, bytes_sent: int) -> None:
        """Note how much went out."""
        with self._lock:
            if number in self._served:
                self._served[number] = replace(self._served[number], bytes_sent=bytes_sent)

    def all(self) -> tuple[Served, ...]:
        """Return all that is noted."""
        with self._lock:
            return tuple(self._served.values())

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._served.clear()
