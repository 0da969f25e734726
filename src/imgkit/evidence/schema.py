"""The published JSON Schemas of the record, derived from the nouns themselves, so that they cannot drift apart."""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import PurePosixPath
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from imgkit.evidence.codec import canonical
from imgkit.evidence.custody import CUSTODY_SCHEMA
from imgkit.model.lone import LONE_SCHEMA, LoneRecord
from imgkit.model.manifest import MANIFEST_SCHEMA, Manifest
from imgkit.model.role import DiskRole
from imgkit.model.signing import STATEMENT_SCHEMA, Statement

Schema = dict[str, Any]

PARTS_SCHEMA = "imgkit/parts/1"  # written by the download engine, a room of its own

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_PLAIN: dict[Any, Schema] = {
    str: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: _TIME,
    PurePosixPath: _TEXT,
    DiskRole: {"type": "string", "pattern": "^[a-z][a-z0-9]{0,31}$"},
}
_CRC64: Schema = {"anyOf": [{"type": "string", "pattern": "^[0-9]{1,20}$"}, {"type": "null"}]}


def published_schemas() -> dict[str, bytes]:
    """Return each schema's file name with its canonical text."""
    made: dict[str, Callable[[], Schema]] = {
        "manifest-1": lambda: _of_noun(Manifest, MANIFEST_SCHEMA),
        "file-1": lambda: _of_noun(LoneRecord, LONE_SCHEMA),
        "custody-1": custody_schema,
        "statement-1": lambda: _of_noun(Statement, STATEMENT_SCHEMA),
        "parts-1": parts_schema,
    }
    return {f"{name}.schema.json": canonical(make()) for name, make in made.items()}


def custody_schema() -> Schema:
    """Return the schema of one line of `custody.jsonl`."""
    who = dict.fromkeys(("examiner", "user", "host"), _TEXT)
    properties: Schema = {
        "schema": {"const": CUSTODY_SCHEMA},
        "line": {"type": "integer", "minimum": 1},
        "previous": _DIGEST,
        "time": _TIME,
        "event": _TEXT,
        "subject": {"type": "object"},
        "who": _object(who, required=who),
        "case": _TEXT,
        "reason": _TEXT,
        "tools": {"type": "object", "additionalProperties": _TEXT, "required": ["Python", "imgkit"]},
    }
    place: Schema = {"set": {**_DIGEST, "pattern": "^([0-9a-f]{64})?$"}, "lines": {"type": "integer", "minimum": 0}}
    place["sha256"] = _DIGEST
    elsewhere = {"follows": _object(place, required=place)}  # only in a file beside the set
    return {"$schema": _DRAFT, "title": CUSTODY_SCHEMA, **_object(properties | elsewhere, required=properties)}


def parts_schema() -> Schema:
    """Return the schema of `objects/NAME.parts.json`; CRC-64s are decimal numbers as text."""
    crc: Schema = {"type": "string", "pattern": "^[0-9]{1,20}$"}
    number: Schema = {"type": "integer", "minimum": 0}
    properties: Schema = {
        "schema": {"const": PARTS_SCHEMA},
        "bucket": _TEXT,
        "key": _TEXT,
        "etag": _TEXT,
        "size": number,
        "part_bytes": number,
        "parts": {"type": "array", "items": crc},
        "crc64": crc,
        "service_crc64": dict(_CRC64),
        "sha256": _DIGEST,
    }
    return {"$schema": _DRAFT, "title": PARTS_SCHEMA, **_object(properties, required=properties)}


def _of_noun(kind: type, schema: str) -> Schema:
    definitions: dict[str, Schema] = {}
    _reference(kind, definitions)
    root = definitions.pop(kind.__name__)
    root["properties"]["schema"] = {"const": schema}
    root["required"] = sorted({*root["required"], "schema"})
    return {"$schema": _DRAFT, "title": schema, **root, "$defs": definitions}


def _reference(kind: Any, definitions: dict[str, Schema]) -> Schema:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # a place, before its parts ask for it
        definitions[kind.__name__] = _noun(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _noun(kind: Any, definitions: dict[str, Schema]) -> Schema:
    hints = get_type_hints(kind)
    properties = {each.name: _field(each.name, hints[each.name], definitions) for each in fields(kind)}
    required = [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    described = _object(properties, required=required)
    return described | ({"description": kind.__doc__.split("\n")[0]} if kind.__doc__ else {})


def _field(name: str, hint: Any, definitions: dict[str, Schema]) -> Schema:
    return dict(_CRC64) if name == "crc64" else _schema(hint, definitions)


def _schema(hint: Any, definitions: dict[str, Schema]) -> Schema:
    if get_origin(hint) is UnionType:
        kinds = [each for each in get_args(hint) if each is not type(None)]
        return {"anyOf": [*(_schema(each, definitions) for each in kinds), {"type": "null"}]}
    if get_origin(hint) is tuple:
        return _array(get_args(hint), definitions)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if is_dataclass(hint) and hint is not DiskRole:
        return _reference(hint, definitions)
    return dict(_PLAIN[hint])


def _array(inner: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    if inner[-1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0], definitions)}
    count = len(inner)
    parts = [_schema(each, definitions) for each in inner]
    return {"type": "array", "prefixItems": parts, "minItems": count, "maxItems": count}


def _object(properties: Schema, *, required: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }
