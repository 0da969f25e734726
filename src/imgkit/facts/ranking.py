"""The highest of very many, kept in little memory."""

import heapq
from dataclasses import dataclass

from imgkit.model.tree import Entry


class Ranking:
    """The `most` highest of what it is shown; of equals the first by path."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, _Backwards, Entry]] = []

    def add(self, rank: int, path: bytes, entry: Entry) -> None:
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (rank, _Backwards(path), entry))
        elif rank >= self._heap[0][0]:
            heapq.heappushpop(self._heap, (rank, _Backwards(path), entry))

    def ranked(self) -> list[tuple[bytes, Entry]]:
        """Return them, the highest first."""
        ordered = sorted(self._heap, key=lambda one: one[:2], reverse=True)
        return [(back.path, entry) for _, back, entry in ordered]


@dataclass(frozen=True, slots=True)
class _Backwards:
    """A path that counts as higher the earlier it comes; no two are equal, so entries are never compared."""

    path: bytes

    def __lt__(self, other: "_Backwards") -> bool:
        return self.path > other.path
