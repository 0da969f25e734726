"""Folders listed before anybody asks for them, in the order in which a walk over the whole tree asks."""

from collections import deque
from collections.abc import Iterator, Sequence
from stat import S_ISDIR

from imgkit.disks.native.reader import Row
from imgkit.disks.native.tree import NO_NAMES, Listed, Spot, Tree
from imgkit.disks.native.wire import encode_entries
from imgkit.units import KiB, MiB

MOST_AHEAD_BYTES = 8 * MiB
_MOST_TAKEN_BYTES = 256 * KiB
_LARGEST_FOLDER = 1 * MiB  # on the disk; one of a million names takes all the memory that there is
_EACH_BYTES = 200  # what a path costs beside its own bytes


class Ahead:
    """Breadth first, in the order of names. When there is no more room the rest waits until some was asked for."""

    def __init__(self, tree: Tree, *, most_bytes: int = MOST_AHEAD_BYTES) -> None:
        self._tree = tree
        self._most = self._room = most_bytes
        self._waiting: deque[bytes] = deque()
        self._listed: deque[tuple[bytes, list[bytes]]] = deque()
        self._seen: set[Spot] = set()
        if _is_small(tree.stat(b"/").row):
            self._wait_for([b"/"])

    @property
    def has_work(self) -> bool:
        return bool(self._waiting) and self._room > 0

    def step(self) -> None:
        """List the next folder. What cannot be listed, or is too large to keep, is left to whoever asks for it."""
        path = self._waiting.popleft()
        self._room += _cost(path)
        below: list[bytes] = []
        frames: list[bytes] = []
        try:
            for frame in encode_entries(self._noted(path, below)):
                frames.append(frame)
                if _cost(path, *frames) + sum(map(_cost, below)) > self._most:
                    self._waiting.clear()  # in which order it goes on below this one is not known
                    return
        except Exception:  # noqa: BLE001  # whatever it is, whoever asks for this folder is told
            return
        self._room -= _cost(path, *frames)
        self._listed.append((path, frames))
        self._wait_for(below)

    def take(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the paths and frames of what was listed so far, and forget it; one folder at least while there is one.

        A folder of many entries has several frames. What is missing in the order could not be listed.
        """
        while self.has_work and not self._listed:
            self.step()
        bytes_given = 0
        while self._listed and bytes_given < _MOST_TAKEN_BYTES:
            path, frames = self._listed.popleft()
            self._room += _cost(path, *frames)
            bytes_given += _cost(path, *frames)
            yield from ((path, frame) for frame in frames)

    def _noted(self, folder: bytes, below: list[bytes]) -> Iterator[Listed]:
        """Yield a folder's entries, and note the folders among them that were not seen before and are not huge."""
        for entry in self._tree.list_folder(folder):
            if entry.row is not None and S_ISDIR(entry.row.mode) and entry.name not in NO_NAMES:
                spot = Spot(entry.file_system, entry.row.inode)
                if spot not in self._seen and _is_small(entry.row):
                    self._seen.add(spot)
                    below.append(folder.rstrip(b"/") + b"/" + entry.name)
            yield entry

    def _wait_for(self, paths: Sequence[bytes]) -> None:
        self._room -= sum(map(_cost, paths))
        self._waiting += paths


def _is_small(row: Row | None) -> bool:
    return row is not None and row.size <= _LARGEST_FOLDER


def _cost(path: bytes, *frames: bytes) -> int:
    return _EACH_BYTES + len(path) + sum(map(len, frames))
