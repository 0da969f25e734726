"""YAML from inside a disk, as plain text only: no types and no tags; aliases as far as what they repeat stays small."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's has a bound on nesting
_MOST_CHARACTERS = 512 * 1024
_MOST_EVENTS = 60_000
_MOST_WEIGHT = 1024 * 1024  # characters and nodes, each counted again wherever an alias repeats it
_MOST_MERGED = 20

Value = Any  # text, a sequence or a mapping of values; the functions below take it apart


class BadYaml(Exception):
    """This is no YAML, or more than it should be."""


def parse_yaml(text: str) -> Value:
    """Read one document; of several the first, of none nothing. Raises BadYaml."""
    return next(iter(parse_documents(text)), None)


def parse_documents(text: str) -> Sequence[Value]:
    """Read every document, separated by lines of three hyphens. Raises BadYaml."""
    if len(text) > _MOST_CHARACTERS:
        raise BadYaml("it is too long")
    try:
        _require_small(yaml.parse(text, Loader=_LOADER))
        return list(yaml.load_all(text, Loader=_LOADER))  # the base loader makes nothing but text, lists, mappings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadYaml(f"it is no YAML{f' from line {mark.line + 1} on' if mark else ''}") from error
    except (RecursionError, ValueError, TypeError) as error:
        raise BadYaml(f"it is no YAML ({type(error).__name__})") from error


def _require_small(events: Iterable[Any]) -> None:
    """Follow the aliases before anybody else does: what is repeated counts each time, and nothing may hold itself."""
    known: dict[str, int] = {}
    open_nodes = [("", 0)]
    for number, event in enumerate(events):
        if number > _MOST_EVENTS:
            raise BadYaml("it holds too many values")
        anchor = getattr(event, "anchor", None) or ""
        if isinstance(event, yaml.DocumentStartEvent):
            known.clear()
        if isinstance(event, yaml.CollectionStartEvent):
            known.pop(anchor, None)
            open_nodes.append((anchor, 1))
            continue
        weight = _weight(event, anchor, known)
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, weight = open_nodes.pop()
        if weight and anchor:
            known[anchor] = weight
        outer, sum_of_it = open_nodes[-1]
        open_nodes[-1] = outer, sum_of_it + weight
        if sum_of_it + weight > _MOST_WEIGHT:
            raise BadYaml("it holds too much")


def _weight(event: Any, anchor: str, known: Mapping[str, int]) -> int:
    if isinstance(event, yaml.AliasEvent):
        if anchor not in known:
            raise BadYaml("it has a part that holds itself, or refers to one that is not there")
        return known[anchor]
    return 1 + len(event.value) if isinstance(event, yaml.ScalarEvent) else 0


def mapping(value: Value) -> Mapping[str, Value]:
    """Return a mapping whose names are text, with what it merges (`<<`); anything else is an empty one."""
    if not isinstance(value, dict):
        return {}
    merged = _merged(value, _MOST_MERGED)
    return {name: found for name, found in merged.items() if isinstance(name, str)}


def _merged(value: Mapping[Any, Value], most: int) -> Mapping[Any, Value]:
    """Put the mappings that one merges below its own names, the first of several on top (yaml.org/type/merge.html)."""
    others = [one for one in sequence(value.get("<<")) if isinstance(one, dict)]
    if not others or not most:
        return value
    found: dict[Any, Value] = {}
    for other in reversed(others[:_MOST_MERGED]):
        found |= _merged(other, most - 1)
    return found | {name: one for name, one in value.items() if name != "<<"}


def sequence(value: Value) -> Sequence[Value]:
    """Return a sequence; one value alone stands for a sequence of it."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def word(value: Value) -> str:
    """Return plain text; anything else is empty."""
    return value if isinstance(value, str) else ""


def words(value: Value) -> tuple[str, ...]:
    return tuple(one for one in sequence(value) if isinstance(one, str))


def flag(value: Value) -> bool | None:
    """Return yes or no as YAML 1.1 spells them; None for anything else."""
    known = {"yes": True, "true": True, "on": True, "y": True, "no": False, "false": False, "off": False, "n": False}
    return known.get(word(value).lower())
