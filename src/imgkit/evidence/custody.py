"""`custody.jsonl`: who did what to a set, when and why; each line carries the digest of the line before it.

A line that a crash cut off stays as it is: the next writer ends it and says so, and the chain of digests goes on over
its bytes. Cutting lines off the end and rewriting them cannot be seen from inside the file: only a head that is kept
elsewhere (in the manifest, in a signature) shows it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imgkit.files.whole import appending_alone
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import CustodyHead
from imgkit.units import format_utc
from imgkit.version import __version__

CUSTODY_SCHEMA = "imgkit/custody/1"
FIRST_PREVIOUS = "0" * 64
_TORN = "line-cut-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyVerdict:
    """What reading the chain through gave: its head, and for each line that does not fit a sentence."""

    head: CustodyHead
    problems: tuple[str, ...]
    events: tuple[str, ...]
    digests: tuple[str, ...]
    subjects: tuple[Mapping[str, Any], ...] = ()

    def subject_at(self, head: CustodyHead) -> Mapping[str, Any]:
        """Return what the line says that was the head when the manifest was written; empty where there is none."""
        return self.subjects[head.lines - 1] if 0 < head.lines <= len(self.subjects) else {}

    def extends(self, head: CustodyHead) -> bool:
        """Whether the chain runs through the line that was its head when the manifest was written."""
        return head.lines <= len(self.digests) and (head.lines == 0 or self.digests[head.lines - 1] == head.sha256)


def append_custody(
    path: Path, event: str, *, custodian: Custodian, now: datetime, subject: Mapping[str, Any] | None = None
) -> CustodyHead:
    """Append one line durably and return the new head. Raises OSError where the file cannot be written.

    Readers of a set append while a fetch does: between reading the last line and writing the next no other may come.
    """
    with appending_alone(path) as stored:
        lines = list(stored)
        if lines and not lines[-1].endswith(b"\n"):
            lines[-1] += b"\n"
            lines.append(_line(_TORN, lines, custodian, now, {"line": len(lines)}))
            stored.write(b"\n" + lines[-1])
        lines.append(_line(event, lines, custodian, now, subject or {}))
        stored.write(lines[-1])
    return CustodyHead(lines=len(lines), sha256=_digest(lines[-1]))


def read_custody(path: Path) -> CustodyVerdict:
    """Follow the chain from its first line. A missing file is an empty chain."""
    lines = list(_lines(path))
    digests = tuple(_digest(line) for line in lines)
    problems: list[str] = []
    events: list[str] = []
    subjects: list[Mapping[str, Any]] = []
    previous = FIRST_PREVIOUS
    for number, line in enumerate(lines, start=1):
        event, problem = _judge(number, line, previous, lines[number:])
        events.append(event)
        subjects.append(_subject(line))
        problems += [problem] if problem else []
        previous = digests[number - 1]
    head = CustodyHead(lines=len(lines), sha256=digests[-1] if digests else FIRST_PREVIOUS)
    return CustodyVerdict(
        head=head, problems=tuple(problems), events=tuple(events), digests=digests, subjects=tuple(subjects)
    )


def _judge(number: int, line: bytes, previous: str, following: list[bytes]) -> tuple[str, str]:
    record = _parse(line)
    if record is None:
        explained = bool(following) and (_parse(following[0]) or {}).get("event") == _TORN
        return "", "" if explained else f"line {number} cannot be read"
    event = str(record.get("event", ""))
    if record.get("previous") != previous:
        return event, f"line {number} does not carry the digest of the line before it"
    if record.get("line") != number:
        return event, f"line {number} says that it is line {record.get('line')}"
    return event, ""


def _line(event: str, before: list[bytes], custodian: Custodian, now: datetime, subject: Mapping[str, Any]) -> bytes:
    record = {
        "schema": CUSTODY_SCHEMA,
        "line": len(before) + 1,
        "previous": _digest(before[-1]) if before else FIRST_PREVIOUS,
        "time": format_utc(now),
        "event": event,
        "subject": dict(subject),
        "who": {"examiner": custodian.examiner, "user": custodian.user, "host": custodian.host},
        "case": custodian.case,
        "reason": custodian.reason,
        "imgkit": __version__,
    }
    return (json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":")) + "\n").encode()


def _subject(line: bytes) -> Mapping[str, Any]:
    subject = (_parse(line) or {}).get("subject")
    return subject if isinstance(subject, Mapping) else {}


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stored:
            yield from stored
    except FileNotFoundError:
        return


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
