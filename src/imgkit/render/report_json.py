"""The report as JSON and back: sorted keys, UTF-8, one newline at the end; text from the disks escaped.

Bytes (paths and names) become escaped text; where that is not exactly what they were, `NAME_b64` stands beside it.
Roles are their names, times RFC 3339 in UTC, a fact is an object with its state.
"""

import base64
import io
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from imgkit.model.fact import Fact, T
from imgkit.model.report import INSPECT_SCHEMA, Report
from imgkit.model.role import DiskRole
from imgkit.safe_text import safe_text
from imgkit.units import format_utc, parse_utc

EXACT = "_b64"

_NO_VARIABLES: Mapping[Any, Any] = types.MappingProxyType({})

Json = Any  # what json takes and gives; it ends here


def report_bytes(report: Report) -> bytes:
    """Return a report in canonical form. Two reports of the same disks differ in `run` alone."""
    return canonical_bytes(report_document(report))


def report_document(report: Report) -> dict[str, Json]:
    """Return a report as plain JSON values."""
    return {**_plain_noun(report), "complete": report.complete}


def canonical_bytes(document: Mapping[str, Json]) -> bytes:
    """Return plain JSON values in the one form that digests and signatures are taken of."""
    encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=False, indent=2, allow_nan=False)
    found = io.BytesIO()  # json.dumps keeps millions of pieces until the end, and a text would be there three times
    with io.TextIOWrapper(found, "utf-8", newline="\n") as text:
        text.writelines(encoder.iterencode(document))
        text.write("\n")
        text.flush()
        return found.getvalue()


def parse_report(data: bytes) -> Report:
    """Read what `report_bytes` wrote. Raises ValueError when it is no report of this version."""
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise ValueError("the report is nested without end") from error
    if not isinstance(document, dict) or document.get("schema") != INSPECT_SCHEMA:
        raise ValueError(f"this is no report of the form {INSPECT_SCHEMA}")
    try:
        return _noun(Report, document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the report is malformed: {type(error).__name__}: {error}") from error


def _plain_noun(noun: Any) -> dict[str, Json]:
    plain: dict[str, Json] = {}
    for one in fields(noun):
        value = getattr(noun, one.name)
        plain[one.name] = _plain(value)
        if isinstance(value, bytes) and plain[one.name].encode() != value:
            plain[one.name + EXACT] = base64.b64encode(value).decode("ascii")
    return plain


def _plain(value: Any) -> Json:  # noqa: PLR0911  # one line a kind of value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, bytes)):
        return safe_text(value)
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, DiskRole):
        return value.name
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _plain_noun(value) if is_dataclass(value) else value


def _noun(kind: Callable[..., T], plain: Mapping[str, Json], variables: Mapping[Any, Any] = _NO_VARIABLES) -> T:
    """Build a noun from plain values; `variables` says what the type variables of a generic one stand for."""
    found = {}
    for name, hint in _hints(kind).items():
        if hint is bytes and name + EXACT in plain:
            found[name] = base64.b64decode(plain[name + EXACT], validate=True)
        elif name in plain or name not in _optional(kind):
            found[name] = _value(hint, plain[name], variables)
    return kind(**found)


@cache
def _optional(kind: Any) -> frozenset[str]:
    """Return the fields that have a default: a report of an earlier build may lack those that came since."""
    return frozenset(
        one.name for one in fields(kind) if one.default is not MISSING or one.default_factory is not MISSING
    )


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, plain: Json, variables: Mapping[Any, Any] = _NO_VARIABLES) -> Any:  # noqa: PLR0911  # one line a kind
    if get_origin(hint) in {Union, types.UnionType}:
        inner = next(one for one in get_args(hint) if one is not types.NoneType)
        return None if plain is None else _value(variables.get(inner, inner), plain)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in plain)
    if get_origin(hint) is Fact:
        return _noun(Fact, plain, {T: get_args(hint)[0]})
    if hint is DiskRole:
        return DiskRole.parse(plain)
    if hint is datetime:
        return parse_utc(plain)
    if hint is date:
        return date.fromisoformat(plain)
    if hint is bytes:
        return plain.encode()
    if is_dataclass(hint):
        return _noun(hint, plain)  # type: ignore[arg-type]  # a class, not one of its instances
    return hint(plain) if issubclass(hint, Enum) else _demand(hint, plain)


def _demand(hint: type, plain: Json) -> Any:
    if type(plain) is not hint:
        raise TypeError(f"{plain!r} is not {hint.__name__}")
    return plain
