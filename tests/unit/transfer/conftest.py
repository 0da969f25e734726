"""An object in memory that answers by script, and a clock on which nothing waits."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.model.cloud_object import ObjectInfo
from imgkit.transfer.retry import Timing

Play = Callable[[bytes], Iterable[bytes | Exception]]


class ScriptedBody:
    """Gives out pieces of bytes, and raises the exceptions among them."""

    def __init__(self, pieces: Iterable[bytes | Exception]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readinto(self, buffer: memoryview) -> int:
        piece = self._left or next(self._pieces, b"")
        if isinstance(piece, Exception):
            raise piece
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        self._left = piece[count:]
        return count


class ScriptedSource:
    """The nth request is answered by the nth play of the script, later ones in full; `asked` keeps all of them."""

    label = "oss://bucket/disk.gz"

    def __init__(self, content: bytes, *script: Play, etag: str = "E1", crc: int | None = -1) -> None:
        self.content = content
        self.script = list(script)
        self.asked: list[tuple[int, int]] = []
        self.info = ObjectInfo(
            bucket="bucket", key="disk.gz", size=len(content), etag=etag, crc64=crc64(content) if crc == -1 else crc
        )
        self._lock = threading.Lock()

    def describe(self) -> ObjectInfo:
        return self.info

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator[ScriptedBody]:
        assert etag == self.info.etag
        with self._lock:
            self.asked.append((start, length))
            play = self.script.pop(0) if self.script else whole
        yield ScriptedBody(play(self.content[start : start + length]))


def whole(data: bytes) -> Iterable[bytes | Exception]:
    return [data]


class Naps:
    """A pause that only writes down how long it would have been, and a clock that tests move."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.now = 1000.0

    def pause(self, stop: threading.Event, seconds: float) -> None:
        self.taken.append(seconds)

    @property
    def timing(self) -> Timing:
        return Timing(monotonic=lambda: self.now, pause=self.pause, chance=lambda: 1.0, tick_seconds=0.002)


@pytest.fixture
def scripted_source() -> Callable[..., Any]:
    return ScriptedSource


@pytest.fixture
def naps() -> Any:
    return Naps()
