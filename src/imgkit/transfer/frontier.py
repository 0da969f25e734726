"""A file that grows, and readers that follow its finished prefix."""

import io
import threading
from pathlib import Path
from typing import BinaryIO

from imgkit.errors import Differs
from imgkit.files.whole import open_evidence
from imgkit.ports import Frontier


class GrowingFile:
    """The writer's side of `imgkit.ports.Frontier`: `offer` what is finished, or `fail`."""

    def __init__(self, path: Path, total: int) -> None:
        self._path = path
        self._total = total
        self._finished = 0
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def total(self) -> int:
        return self._total

    def offer(self, finished: int) -> None:
        """Say that the first `finished` bytes stand. Less than was said before changes nothing."""
        if finished > self._total:
            raise ValueError(f"{finished} bytes cannot be finished of {self._total}")
        with self._changed:
            if finished > self._finished:
                self._finished = finished
                self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Give up: everyone who waits, or comes to wait, gets this error. The first one stays."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def failed_with(self, error: BaseException) -> bool:
        """Tell whether a follower's error is only the writer's own come back."""
        return error is self._error

    def wait_beyond(self, offset: int) -> int:
        """Block until more than `offset` bytes are finished, or all are; return how many."""
        with self._changed:
            while self._error is None and self._finished <= offset and self._finished < self._total:
                self._changed.wait()
            if self._error is not None:
                raise self._error
            return self._finished


class FrontierReader(io.RawIOBase):
    """A binary file, read from its start, whose reads wait for the bytes to be there."""

    def __init__(self, frontier: Frontier) -> None:
        self._file: BinaryIO | None = None  # `close` runs even where the next line fails
        self._file = open_evidence(frontier.path)
        super().__init__()
        self._frontier = frontier
        self._position = 0
        self._finished = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer, as typeshed has it
        """Fill some of `buffer`; 0 only at the end of the whole. Raises the writer's error."""
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        if self._finished <= self._position:
            self._finished = self._frontier.wait_beyond(self._position)
        assert self._file is not None
        count = self._file.readinto(view[: self._finished - self._position])  # type: ignore[attr-defined]  # a FileIO
        if count == 0 and self._position < self._finished:
            raise Differs(f"{self._frontier.path} became shorter while it was read", hint="Run the same command again.")
        self._position += count
        return int(count)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
