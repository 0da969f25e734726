"""`custody.jsonl`: who did what to a set, when and why; each line carries the digest of the line before it.

A line that a crash cut off stays as it is: the next writer ends it and says so, and the chain of digests goes on over
its bytes. Cutting lines off the end and rewriting them cannot be seen from inside the file: only a head that is kept
elsewhere (in the manifest, in a signature) shows it.

Where a set cannot be written, the line goes into a file of the user's choice, which is such a chain of its own; each of
its lines names the head of the set's custody that it follows.
"""

import errno
import fcntl
import hashlib
import io
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from imgkit.files.whole import appending_alone, lock_in_time, open_evidence
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import CustodyHead
from imgkit.units import MiB, format_utc
from imgkit.version import __version__

CUSTODY_SCHEMA = "imgkit/custody/1"
FIRST_PREVIOUS = "0" * 64
_TORN = "line-cut-off"
_LARGEST_BYTES = 64 * MiB  # some hundred thousand lines; what is larger was not written by imgkit

Tools = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """The head of a set's custody that a line in another file follows; `set` is the digest of that custody's line 1."""

    set: str
    lines: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyVerdict:
    """What reading the chain through gave: its head, and for each line that does not fit a sentence.

    `torn` says that the last line has no end: a crash, a full disk or somebody cut it off. `notes` break nothing.
    """

    head: CustodyHead
    problems: tuple[str, ...]
    events: tuple[str, ...]
    digests: tuple[str, ...]
    subjects: tuple[Mapping[str, Any], ...] = ()
    follows: tuple[Follows | None, ...] = ()
    torn: bool = False
    notes: tuple[str, ...] = ()

    def subject_at(self, head: CustodyHead) -> Mapping[str, Any]:
        """Return what the line says that was the head when the manifest was written; empty where there is none."""
        return self.subjects[head.lines - 1] if 0 < head.lines <= len(self.subjects) else {}

    def extends(self, head: CustodyHead) -> bool:
        """Whether the chain runs through the line that was its head when the manifest was written."""
        return head.lines <= len(self.digests) and (head.lines == 0 or self.digests[head.lines - 1] == head.sha256)

    def here(self) -> Follows:
        """Return where a line stands that is written now into another file."""
        first = self.digests[0] if self.digests else ""
        return Follows(set=first, lines=self.head.lines, sha256=self.head.sha256)


def append_custody(
    path: Path,
    event: str,
    *,
    custodian: Custodian,
    now: datetime,
    subject: Mapping[str, Any] | None = None,
    tools: Tools = (),
    follows: Follows | None = None,
) -> CustodyHead:
    """Append one line durably and return the new head. Raises OSError where the file cannot be written.

    Readers of a set append while a fetch does: between reading the last line and writing the next no other may come.
    A line that does not get onto the disk as a whole is taken back.
    """
    told = _common(custodian, now, tools)
    with appending_alone(path) as stored:
        content = _content(stored)
        end = len(content)
        count, last = _last_line(content)
        written = b""
        if last and not last.endswith(b"\n"):
            torn = _line(count + 1, last + b"\n", {**told, "event": _TORN, "subject": {"line": count}})
            written, count, last = b"\n" + torn, count + 1, torn
        line = _line(count + 1, last, {**told, "event": event, "subject": dict(subject or {}), **_place(follows)})
        _write_whole(stored, written + line, end)
    return CustodyHead(lines=count + 1, sha256=_digest(line))


def read_custody(path: Path) -> CustodyVerdict:
    """Follow the chain from its first line. A missing file is an empty chain. Raises OSError."""
    lines, problem = _stored_lines(path)
    digests = tuple(_digest(line) for line in lines)
    records = [_parse(line) for line in lines]
    problems = [problem] if problem else []
    notes: list[str] = []
    previous = FIRST_PREVIOUS
    for number, record in enumerate(records, start=1):
        found, note = _judge(number, record, previous, records[number] if number < len(records) else None)
        torn = number == len(lines) and not lines[-1].endswith(b"\n")
        problems += [found] if found and not torn else []
        notes += [note] if note else []
        previous = digests[number - 1]
    known = [record or {} for record in records]
    return CustodyVerdict(
        head=CustodyHead(lines=len(lines), sha256=digests[-1] if digests else FIRST_PREVIOUS),
        problems=tuple(problems),
        events=tuple(str(record.get("event", "")) for record in known),
        digests=digests,
        subjects=tuple(_mapping(record.get("subject")) for record in known),
        follows=tuple(_follows(record.get("follows")) for record in known),
        torn=bool(lines) and not lines[-1].endswith(b"\n"),
        notes=(*notes, *_backward_times(known)),
    )


def _judge(
    number: int, record: Mapping[str, Any] | None, previous: str, following: Mapping[str, Any] | None
) -> tuple[str, str]:
    """Return a problem and a note, each empty where there is none."""
    if record is None:
        if (following or {}).get("event") == _TORN:
            return "", f"line {number} was cut off, as line {number + 1} says"
        return f"line {number} cannot be read", ""
    if record.get("previous") != previous:
        return f"line {number} does not carry the digest of the line before it", ""
    if record.get("line") != number:
        return f"line {number} says that it is line {record.get('line')}", ""
    return "", ""


def _backward_times(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Times are those of whichever machine wrote a line: one that steps back is no fault, and worth knowing."""
    latest = ""
    for number, record in enumerate(records, start=1):
        time = record.get("time")
        if isinstance(time, str) and time:
            if time < latest:
                yield f"line {number} is of {time}, before the line above it: a clock was wrong, here or there"
            latest = time


def _common(custodian: Custodian, now: datetime, tools: Tools) -> dict[str, Any]:
    return {
        "schema": CUSTODY_SCHEMA,
        "time": format_utc(now),
        "who": {"examiner": custodian.examiner, "user": custodian.user, "host": custodian.host},
        "case": custodian.case,
        "reason": custodian.reason,
        "tools": {"imgkit": __version__, "Python": platform.python_version(), **dict(tools)},
    }


def _place(follows: Follows | None) -> dict[str, Any]:
    if follows is None:
        return {}
    return {"follows": {"set": follows.set, "lines": follows.lines, "sha256": follows.sha256}}


def _line(number: int, before: bytes, told: Mapping[str, Any]) -> bytes:
    record = {**told, "line": number, "previous": _digest(before) if before else FIRST_PREVIOUS}
    return (json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":")) + "\n").encode()


def _write_whole(stored: BinaryIO, line: bytes, end: int) -> None:
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[stored.write(rest) :]
        os.fsync(stored.fileno())
    except OSError:
        with suppress(OSError):  # else the next writer finds the cut line and says so
            os.ftruncate(stored.fileno(), end)
        raise


def _stored_lines(path: Path) -> tuple[list[bytes], str]:
    """Return the lines, and what keeps from reading them; while another process appends, wait for it."""
    try:
        with open_evidence(path) as stored:
            with suppress(OSError):  # some network file systems have no locks, and nobody can keep us from reading
                lock_in_time(stored, fcntl.LOCK_SH)
            return list(io.BytesIO(_content(stored))), ""
    except FileNotFoundError:
        return [], ""
    except _TooLarge as error:
        return [], str(error.strerror)


class _TooLarge(OSError):
    pass


def _content(stored: BinaryIO) -> bytes:
    if os.fstat(stored.fileno()).st_size > _LARGEST_BYTES:
        raise _TooLarge(errno.EFBIG, f"it is larger than {_LARGEST_BYTES // MiB} MiB, and was not read")
    return stored.read()


def _last_line(content: bytes) -> tuple[int, bytes]:
    """Return how many lines there are, and the last one."""
    if not content:
        return 0, b""
    begin = content.rfind(b"\n", 0, len(content) - 1) + 1
    return content.count(b"\n", 0, begin) + 1, content[begin:]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _follows(value: object) -> Follows | None:
    found = _mapping(value)
    begin, lines, head = found.get("set"), found.get("lines"), found.get("sha256")
    if isinstance(begin, str) and type(lines) is int and isinstance(head, str):
        return Follows(set=begin, lines=lines, sha256=head)
    return None


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
