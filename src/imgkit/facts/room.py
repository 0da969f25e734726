"""How much one report may hold, all its facts together: beyond that the first of every list stay, and the rest is told.

Each fact is weighed when it is made, by about the bytes that it takes in the finished report. A small one always finds
room, whatever large ones came before it; a large one takes at most two thirds of what is left for large ones, so that
nobody hides what comes later in a report behind a list without end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from imgkit.model.fact import Fact
from imgkit.units import GiB, KiB, MiB

LARGE_FACTS_BYTES = 72 * MiB
SMALL_FACTS_BYTES = 16 * MiB
QUOTED_CHARACTERS = 16 * MiB
UNPACKED_BYTES = 4 * GiB
LONGEST_QUOTE = 8 * KiB
_SHORT_QUOTE = 200
_SMALL_FACT_BYTES = 128 * KiB
_LARGEST_RECORD_BYTES = 4 * MiB
_LONGEST_TEXT = 64 * KiB
_FIELD_BYTES = 20  # quotes, colon, comma, and the blanks before them
_ITEM_BYTES = 16
_LEAST_NOUN_BYTES = 200  # of memory, before it is written
_ESCAPED_BYTES = 6  # a control character as JSON's `\\x01`, or a character beyond ASCII
_EXACT = bytes(range(0x20)) + bytes(range(0x7F, 0x100))  # what makes a path stand in the report twice

T = TypeVar("T")


@dataclass(slots=True)
class Room:
    """What is left for the facts of one report; each that is made takes its part of it."""

    large_bytes: int = LARGE_FACTS_BYTES
    small_bytes: int = SMALL_FACTS_BYTES
    quoted_characters: int = QUOTED_CHARACTERS
    unpacked_bytes: int = UNPACKED_BYTES  # of logs
    _cut: int = 0

    def longest_quote(self, length: int) -> int:
        """Return how much of a text of this length a report may quote: masking secrets in very much takes long."""
        longest = LONGEST_QUOTE if self.quoted_characters > 0 else _SHORT_QUOTE
        self._cut += longest == _SHORT_QUOTE < length
        self.quoted_characters -= min(length, longest)
        return longest

    def fit(self, fact: Fact[T]) -> Fact[T]:
        """Return the fact as far as there is room for it; what had to be left out makes it partial."""
        small = min(_SMALL_FACT_BYTES, self.small_bytes)
        scale = _Scale(small + self.large_bytes * 2 // 3)
        before = scale.left
        remarks = scale.first_of("remarks", fact.remarks)
        value = scale.fit(fact.value)
        sources = scale.first_of("files that it rests on", fact.sources)
        spent = before - scale.left
        self.small_bytes -= min(spent, small)
        self.large_bytes -= max(spent - small, 0)
        if self._cut:
            scale.told.append(f"{self._cut} texts are cut after {_SHORT_QUOTE} characters: a report quotes no more")
            self._cut = 0
        if not scale.told:
            return fact
        notes = (*fact.notes, *scale.told)
        return replace(fact, value=value, partial=True, notes=notes, remarks=remarks, sources=sources)


def weigh(value: object, most: int) -> int:
    """Return about how many bytes a value takes in a report; counting ends soon beyond `most`."""
    found = 0
    waiting = [value]
    while waiting and found <= most:
        one: Any = waiting.pop()
        if isinstance(one, str):
            found += len(one) if one.isascii() and one.isprintable() else _ESCAPED_BYTES * len(one)
        elif isinstance(one, bytes):
            odd = len(one) - len(one.translate(None, _EXACT))
            found += (2 * len(one) + _ESCAPED_BYTES * odd) if odd else len(one)
        elif isinstance(one, tuple):
            found += _ITEM_BYTES * len(one)
            if found <= most:
                waiting += one
        elif is_dataclass(one):
            known = _form(one.__class__)
            found += known.frame_bytes
            waiting += known.values(one)
        else:
            found += _ITEM_BYTES
    return found


@dataclass(slots=True)
class _Scale:
    """What is left for one fact, and what had to be left out of it."""

    left: int
    told: list[str] = field(default_factory=list)
    shortened: int = 0

    def fit(self, value: T) -> T:
        """Return a fact's value, a list or a noun of lists, as far as it finds room."""
        if isinstance(value, tuple):
            return self.first_of("", value)  # type: ignore[return-value]  # a tuple of the same kind of records
        if not is_dataclass(value):
            return value
        self.left -= min(weigh(_without_lists(value), self.left), self.left)
        changed = {name: self.fit_field(name, found) for name, found in _lists_of(value)}
        return replace(value, **changed)  # type: ignore[type-var]  # it is a dataclass

    def fit_field(self, name: str, value: Any) -> Any:
        return self.first_of(name.replace("_", " "), value) if isinstance(value, tuple) else self.fit(value)

    def first_of(self, what: str, items: tuple[T, ...]) -> tuple[T, ...]:
        """Return the first of these for which there is room; one that is too large by itself is shortened."""
        kept: list[T] = []
        before = self.shortened
        for item in items:
            whole = weigh(item, _LARGEST_RECORD_BYTES)
            found = item if whole <= _LARGEST_RECORD_BYTES else self._shorten(item)
            weight = whole if found is item else weigh(found, 2 * _LARGEST_RECORD_BYTES)
            if weight + _ITEM_BYTES > self.left:
                break
            self.left -= weight + _ITEM_BYTES
            kept.append(found)
        named = f" {what}" if what else ""
        if self.shortened > before:
            self.told.append(f"{self.shortened - before} of the{named or ' records'} are longer than a report gives")
        if len(kept) == len(items):
            return items if self.shortened == before else tuple(kept)
        self.told.append(
            f"only the first {len(kept)} of {len(items)}{named} are given: there is no room for more in a report"
        )
        return tuple(kept)

    def _shorten(self, item: T) -> T:
        """Keep the beginnings of all that is long in one record."""
        self.shortened += 1
        shortened: T = _beginning(item, _LARGEST_RECORD_BYTES)
        return shortened


def _beginning(value: Any, most: int) -> Any:
    if isinstance(value, str | bytes):
        return value[:_LONGEST_TEXT]
    if isinstance(value, tuple):
        kept: list[Any] = []
        for one in value:
            found = _beginning(one, most)
            most -= weigh(found, most) + _ITEM_BYTES
            if most < 0:
                break
            kept.append(found)
        return tuple(kept)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    names = [one.name for one in fields(value)]
    return replace(value, **{name: _beginning(getattr(value, name), most // len(names)) for name in names})


def _lists_of(noun: object) -> list[tuple[str, Any]]:
    """Return the fields of a noun in which there may be many of something, in their order."""
    found = [(one.name, getattr(noun, one.name)) for one in fields(noun)]  # type: ignore[arg-type]  # a dataclass
    return [(name, value) for name, value in found if isinstance(value, tuple) or is_dataclass(value)]


def _without_lists(noun: object) -> tuple[Any, ...]:
    lists = {name for name, _ in _lists_of(noun)}
    return tuple(getattr(noun, one.name) for one in fields(noun) if one.name not in lists)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Form:
    """How the nouns of one class are weighed."""

    frame_bytes: int
    values: Callable[[Any], tuple[Any, ...]]


@cache
def _form(kind: Any) -> _Form:
    names = [one.name for one in fields(kind)]
    frame = max(_LEAST_NOUN_BYTES, _ITEM_BYTES + sum(len(name) + _FIELD_BYTES for name in names))
    if len(names) > 1:
        return _Form(frame, attrgetter(*names))
    return _Form(frame, lambda noun: tuple(getattr(noun, name) for name in names))
