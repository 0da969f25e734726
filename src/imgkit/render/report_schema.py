"""The JSON Schema of the report, made from its nouns, so that the published page cannot fall behind them.

The published copy is docs/reference/schemas/inspect-1.schema.json; a test compares the two.
"""

import inspect
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from imgkit.model.fact import Fact, FactState, T
from imgkit.model.report import INSPECT_SCHEMA, Report
from imgkit.model.role import DiskRole
from imgkit.render.report_json import EXACT, canonical_bytes

Schema = dict[str, Any]

_PLACE = "$place"  # whose definition it is, while the schema is being made

_PLAIN: dict[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    bytes: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    DiskRole: {"type": "string", "pattern": "^[a-z][a-z0-9]{0,31}$"},
}


def report_schema() -> Schema:
    """Return the schema of `imgkit/inspect/1` in JSON Schema's draft 2020-12."""
    definitions: dict[str, Schema] = {}
    _reference(Report, definitions)
    for noun in definitions.values():
        del noun[_PLACE]
    report = definitions.pop(Report.__name__)
    report["properties"]["schema"] = {"const": INSPECT_SCHEMA}
    report["properties"]["complete"] = {
        "type": "boolean",
        "description": "Whether nothing is missing and nothing was left undetermined.",
    }
    report["required"] = sorted([*report["required"], "complete"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Report of imgkit inspect ({INSPECT_SCHEMA})",
        **report,
        "$defs": definitions,
    }


def schema_bytes() -> bytes:
    """Return the schema as it is published."""
    return canonical_bytes(report_schema())


def _schema(hint: Any, definitions: dict[str, Schema]) -> Schema:
    if hint is T:  # `_fact` puts the real thing in its place
        return {}
    if get_origin(hint) in {Union, UnionType}:
        kinds = [one for one in get_args(hint) if one is not NoneType]
        return {"anyOf": [*(_schema(one, definitions) for one in kinds), {"type": "null"}]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(get_args(hint)[0], definitions)}
    if get_origin(hint) is Fact:
        return _fact(get_args(hint)[0], definitions)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    return _reference(hint, definitions)


def _reference(kind: type, definitions: dict[str, Schema]) -> Schema:
    place = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {_PLACE: place}
        made = _enum(kind) if issubclass(kind, Enum) else _noun(kind, definitions)
        definitions[kind.__name__] = {**made, _PLACE: place}
    assert definitions[kind.__name__][_PLACE] == place, f"two nouns are called {kind.__name__}"
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _enum(kind: type[Enum]) -> Schema:
    return _described(kind, {"enum": [member.value for member in kind]})


def _noun(kind: type, definitions: dict[str, Schema]) -> Schema:
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]
    properties = {name: _schema(hints[name], definitions) for name in names}
    for name in names:
        if hints[name] is bytes:
            properties[name + EXACT] = {"type": "string", "contentEncoding": "base64"}
    return _described(
        kind,
        {"type": "object", "properties": properties, "required": sorted(names), "additionalProperties": False},
    )


def _fact(value: Any, definitions: dict[str, Schema]) -> Schema:
    """A present fact has a value; the others have none, and one that could not be determined says why."""
    shape = _noun(Fact, definitions)
    shape.pop("description", None)
    shape["properties"]["value"] = {"anyOf": [_schema(value, definitions), {"type": "null"}]}
    shape["if"] = {"properties": {"state": {"const": FactState.PRESENT.value}}}
    shape["then"] = {"properties": {"value": {"not": {"type": "null"}}}}
    shape["else"] = {"properties": {"value": {"type": "null"}}}
    return shape


def _described(kind: type, schema: Schema) -> Schema:
    """Add the noun's own words; a dataclass without any has only its signature, which says nothing here."""
    words = inspect.cleandoc(kind.__doc__ or "")
    if not words or words.startswith(f"{kind.__name__}("):
        return schema
    return {"description": " ".join(words.split()), **schema}
