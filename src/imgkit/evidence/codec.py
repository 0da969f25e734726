"""Frozen nouns to canonical JSON and back, driven by their annotations: one rule a type, no rule a noun.

Canonical form: sorted keys, UTF-8, two spaces, one newline at the end. Numbers that may pass 2^53 (CRC-64) are strings.
Reading is strict: a missing field without a default, an unknown field or a wrong type raises ValueError.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import PurePath, PurePosixPath
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from imgkit.model.role import DiskRole
from imgkit.units import format_utc, parse_utc

_AS_TEXT = frozenset({"crc64"})
Noun = TypeVar("Noun")  # Python 3.11 has no other way to say it


def to_json(value: object) -> bytes:
    """Return the canonical JSON of a noun."""
    return canonical(encode(value))


def canonical(plain: object) -> bytes:
    """Return plain JSON values in canonical form."""
    return (json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")


def from_json(kind: type[Noun], text: bytes) -> Noun:
    """Read a noun of this kind. Raises ValueError naming the field that is wrong."""
    return decode(kind, json.loads(text))


def encode(value: object, name: str = "") -> Any:
    """Return a noun as plain JSON values."""
    if isinstance(value, DiskRole):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: encode(getattr(value, each.name), each.name) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [encode(each) for each in value]
    return _encode_plain(value, name)


def _encode_plain(value: object, name: str) -> Any:
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return value.as_posix()
    return str(value) if name in _AS_TEXT and isinstance(value, int) else value


def decode(kind: type[Noun], plain: object, where: str = "") -> Noun:
    """Read plain JSON values as a noun of this kind."""
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where or kind.__name__} is no object")  # noqa: TRY004  # one error for all bad input
    hints = get_type_hints(kind)
    unknown = set(plain) - set(hints)
    if unknown:
        raise ValueError(f"{where or kind.__name__} has unknown fields: {', '.join(sorted(unknown))}")
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]  # callers pass dataclasses
        path = f"{where}.{each.name}".lstrip(".")
        if each.name in plain:
            values[each.name] = _decode_value(hints[each.name], plain[each.name], path)
        elif _is_required(each):
            raise ValueError(f"{path} is missing")
    return kind(**values)


def _is_required(each: "Field[Any]") -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _decode_value(hint: Any, plain: Any, path: str) -> Any:
    if get_origin(hint) is UnionType:
        return None if plain is None else _decode_value(_first_of(hint), plain, path)
    if get_origin(hint) is tuple:
        return _decode_tuple(get_args(hint), plain, path)
    if is_dataclass(hint) and hint is not DiskRole:
        return decode(hint, plain, path)  # type: ignore[arg-type]  # is_dataclass narrows to instances too
    return _decode_plain(hint, plain, path)


def _first_of(union: Any) -> Any:
    return next(each for each in get_args(union) if each is not type(None))


def _decode_tuple(inner: tuple[Any, ...], plain: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise ValueError(f"{path} is no list")  # noqa: TRY004  # one error for all bad input
    if inner[-1] is Ellipsis:
        return tuple(_decode_value(inner[0], each, f"{path}[{place}]") for place, each in enumerate(plain))
    if len(plain) != len(inner):
        raise ValueError(f"{path} has {len(plain)} parts and not {len(inner)}")
    return tuple(_decode_value(hint, each, path) for hint, each in zip(inner, plain, strict=True))


def _decode_plain(hint: Any, plain: Any, path: str) -> Any:
    try:
        if hint is datetime:
            return parse_utc(plain)
        if hint is DiskRole:
            return DiskRole.parse(plain)
        if hint is int and isinstance(plain, str):
            return int(plain)
        if isinstance(hint, type) and issubclass(hint, Enum | PurePosixPath):
            return hint(plain)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if type(plain) is not hint:
        raise ValueError(f"{path} is {type(plain).__name__} and not {hint.__name__}")
    return plain
