"""Lists that stay short whatever a file holds: a hostile one may have a million lines of anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from imgkit.facts.room import weigh
from imgkit.units import MiB

T = TypeVar("T")

MOST_BYTES = 48 * MiB
_MOST_SHARED = 10_000
_MOST_WORDS = 50


def at_most(items: Iterable[T], most: int, *, most_bytes: int = MOST_BYTES) -> tuple[list[T], bool]:
    """Return the first `most` of them, and whether there are more. What comes after is not even made.

    Fewer are kept where they are so long that together they would take more than `most_bytes` in a report.
    """
    kept: list[T] = []
    left = most_bytes
    for item in items:
        left -= weigh(item, left)
        if len(kept) >= most or left <= 0:
            return kept, True
        kept.append(item)
    return kept, False


class Shared:
    """One copy of each text that comes again and again, such as an architecture."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if len(self._kept) >= _MOST_SHARED:
            return self._kept.get(text, text)
        return self._kept.setdefault(text, text)


@dataclass(slots=True)
class Words:
    """Sentences in their order, each once; of too many the first ones and how many more there were."""

    most: int = _MOST_WORDS
    kept: dict[str, None] = field(default_factory=dict)
    more: int = 0

    @property
    def full(self) -> bool:
        return len(self.kept) >= self.most

    def add(self, words: str) -> None:
        if not self.full:
            self.kept.setdefault(words)
        elif words not in self.kept:
            self.more += 1

    def all(self) -> tuple[str, ...]:
        return (*self.kept, *((f"and {self.more} more of this kind",) if self.more else ()))
