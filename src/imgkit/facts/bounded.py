"""Lists that stay short whatever a file holds: a hostile one may have a million lines of anything."""

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def at_most(items: Iterable[T], most: int) -> tuple[list[T], bool]:
    """Return the first `most` of them, and whether there are more. What comes after is not even made."""
    iterator = iter(items)
    kept = list(islice(iterator, most))
    return kept, len(kept) == most and next(iterator, None) is not None
