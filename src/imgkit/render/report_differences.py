"""Where two reports of the same disks disagree, apart from the run and the engines' own words."""

from collections.abc import Iterator
from typing import Any

from imgkit.model.report import Diagnostic, DiagnosticLevel, Report
from imgkit.render.report_json import report_document

MOST_NAMED = 50
_LEFT_OUT = frozenset({"run", "diagnostics", "complete", "schema"})
_NAMES = ("place", "root", "role", "name", "path", "spec")
_WORDS = 160


def disagreements(one: Report, other: Report) -> tuple[Diagnostic, ...]:
    """Return what differs, as diagnostics: the first 50, and how many more there are."""
    found = list(_differences("", _compared(one), _compared(other)))
    named = [_diagnostic(where, f"{one.run.engine} says {_short(a)}, libguestfs {_short(b)}") for where, a, b in found]
    if len(found) > MOST_NAMED:
        named[MOST_NAMED:] = [_diagnostic("", f"{len(found) - MOST_NAMED} more differences are not named")]
    return tuple(named)


def _compared(report: Report) -> dict[str, Any]:
    return {name: value for name, value in report_document(report).items() if name not in _LEFT_OUT}


def _differences(where: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from _differences(f"{where}/{name}" if where else name, one.get(name), other.get(name))
    elif isinstance(one, list) and isinstance(other, list) and _is_keyed(one) and _is_keyed(other):
        yield from _differences(where, {_key(item): item for item in one}, {_key(item): item for item in other})
    elif one != other:
        yield where, one, other


def _is_keyed(items: list[Any]) -> bool:
    """Whether every item has a name of its own, by which it is found in the other list."""
    keys = [_key(item) for item in items if isinstance(item, dict)]
    return len(keys) == len(items) and all(keys) and len(set(keys)) == len(keys)


def _key(item: dict[str, Any]) -> str:
    return next((str(item[name]) for name in _NAMES if item.get(name)), "")


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"


def _diagnostic(where: str, message: str) -> Diagnostic:
    subject = f"engines/{where}" if where else "engines"
    return Diagnostic(subject=subject, level=DiagnosticLevel.UNDETERMINED, message=message)
