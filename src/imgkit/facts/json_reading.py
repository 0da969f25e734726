"""JSON from inside a disk: bounded, and taken apart without ever trusting its shape."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_CHARACTERS = 8 * 1024 * 1024
_MOST_VALUES = 400_000  # each takes fifty times the room of the three characters that it may have

Value = Any  # what json gives; the functions below take it apart


class BadJson(Exception):
    """This is no JSON, or more than it should be."""


def parse_json(text: str) -> Value:
    """Read one document. Raises BadJson."""
    if len(text) > _MOST_CHARACTERS:
        raise BadJson("it is too long")
    if sum(map(text.count, ",{[")) > _MOST_VALUES:
        raise BadJson("it holds too many values")
    try:
        return json.loads(text, parse_int=_number, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"it is no JSON ({type(error).__name__})") from error


def mapping(value: Value) -> Mapping[str, Value]:
    """Return a mapping; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Value) -> Sequence[Value]:
    """Return a sequence; anything else is an empty one."""
    return value if isinstance(value, list) else []


def word(value: Value) -> str:
    """Return plain text; anything else is empty."""
    return value if isinstance(value, str) else ""


def words(value: Value) -> tuple[str, ...]:
    return tuple(one for one in sequence(value) if isinstance(one, str))


def number(value: Value) -> float | None:
    """Return a number; yes and no are none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(digits: str) -> int:
    """Numbers beyond 64 bits mean nothing here, and very long ones take long to read."""
    return int(digits) if len(digits) < 20 else 0
