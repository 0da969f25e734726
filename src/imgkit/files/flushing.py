"""Files that are made durable while they are still written, so that the last sync finds little left to do."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgkit.files.sparse import local_error

_EACH_SECONDS = 0.2


@contextmanager
def flushed_meanwhile(place: Path) -> Iterator[None]:
    """Let a file, or the files of a folder, go to the disk, again and again, while the block writes them.

    Whoever relies on the files syncs them at the end all the same. Raises NoRoom and NotAccessible when flushing fails:
    the kernel tells of a failed write once, and would call the last sync a success.
    """
    flushing = _Flushing(place)
    flushing.start()
    try:
        yield
    finally:
        flushing.end()
    if flushing.error is not None:
        raise local_error(flushing.error, place) from flushing.error


class _Flushing(threading.Thread):
    def __init__(self, place: Path) -> None:
        super().__init__(name="flush", daemon=True)
        self.error: OSError | None = None
        self._place = place
        self._ended = threading.Event()

    def run(self) -> None:
        while self.error is None and not self._ended.wait(_EACH_SECONDS):
            try:
                for path in self._place.iterdir() if self._place.is_dir() else (self._place,):
                    _flush(path)
            except FileNotFoundError:
                continue  # a file of the moment, which its writer has removed
            except OSError as error:
                self.error = error

    def end(self) -> None:
        self._ended.set()
        self.join()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
