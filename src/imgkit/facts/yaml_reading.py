"""YAML from inside a disk, as plain text only: no types, no tags, no aliases, so that nothing grows in our hands."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's has a bound on nesting
_MOST_CHARACTERS = 512 * 1024
_MOST_EVENTS = 60_000

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
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if isinstance(event, yaml.AliasEvent):
                raise BadYaml("it uses aliases, which are not followed")
            if number > _MOST_EVENTS:
                raise BadYaml("it holds too many values")
        return list(yaml.load_all(text, Loader=_LOADER))  # the base loader makes nothing but text, lists, mappings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadYaml(f"it is no YAML{f' from line {mark.line + 1} on' if mark else ''}") from error
    except (RecursionError, ValueError, TypeError) as error:
        raise BadYaml(f"it is no YAML ({type(error).__name__})") from error


def mapping(value: Value) -> Mapping[str, Value]:
    """Return a mapping whose names are text; anything else is an empty one."""
    if not isinstance(value, dict):
        return {}
    return {name: found for name, found in value.items() if isinstance(name, str)}


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
