"""Frozen nouns as JSON and back, so that the child can hand over what storage it found."""

import dataclasses
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar

from imgkit.disks.native.wire import Garbled

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Turn a noun, or a tuple of nouns, into what JSON can hold."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    return value


def from_plain(kind: Callable[..., T], plain: Any) -> T:
    """Make a noun from what `to_plain` gave. Raises Garbled where it does not fit."""
    try:
        return typing.cast("T", _value(kind, plain))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Garbled(f"not a {getattr(kind, '__name__', kind)}: {error}") from error


def _value(hint: Any, plain: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        hints = _hints(typing.cast("Any", hint))
        return typing.cast("Any", hint)(**{name: _value(hints[name], one) for name, one in plain.items()})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(plain)
    if typing.get_origin(hint) is tuple:
        return tuple(_value(typing.get_args(hint)[0], one) for one in plain)
    if isinstance(hint, UnionType):
        kinds = [one for one in typing.get_args(hint) if one is not NoneType]
        return None if plain is None else _value(kinds[0], plain)
    if type(plain) is not hint:
        raise TypeError(f"{plain!r} instead of {hint.__name__}")
    return plain


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
