"""Titles of tables: how many there are, that there are none, or why nobody knows."""

from collections.abc import Sequence
from typing import Any

from imgkit.model.fact import Fact, FactState

Rows = Sequence[Sequence[str]]
Table = tuple[str, Sequence[str], Rows]


def state_words(fact: Fact[Any]) -> str:
    """Return what a fact without a value says for itself."""
    words = "could not be determined" if fact.state is FactState.UNDETERMINED else "none"
    return f"{words}{f' ({fact.reason})' if fact.reason else ''}"


def unknown_words(fact: Fact[Any], what: str = "") -> tuple[str, ...]:
    """Return what a summary says of a fact without a value: that nobody knows, and nothing of what is not there."""
    if fact.state is not FactState.UNDETERMINED:
        return ()
    return (f"{what}: {state_words(fact)}" if what else state_words(fact),)


def list_title(words: str, fact: Fact[Any]) -> str:
    """Return the title of a table of a fact that is a list."""
    if fact.value is None:
        return f"{words}: {state_words(fact)}"
    return f"{words}: {len(fact.value)}{', incomplete' if fact.partial else ''}"


def decode(name: bytes) -> str:
    """Return a name as text; the table escapes it."""
    return name.decode("utf-8", "surrogateescape")
