"""The ends of one log file: its first and its last time, with no more read than that takes."""

import struct
from datetime import UTC, datetime

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, ReadsAt, as_text, moment, moment_ns
from imgkit.facts.inflating import BadCompression, inflate, is_compressed
from imgkit.facts.log_times import clock_of, first_time
from imgkit.model.logs import LogFile, LogKind, LogTime
from imgkit.model.tree import Entry
from imgkit.units import MiB

_END_BYTES = 64 * 1024
_WHOLE_BYTES = 4 * MiB
_UNPACKED_BYTES = 32 * MiB
_JOURNAL_MAGIC = b"LPKSHHRH"
_JOURNAL_HEADER_BYTES = 208
_IN_UTC = b"cloud-init.log"  # cloudinit/log: its times are UTC whatever the system's are
_RECORDS = {b"wtmp", b"btmp", b"lastlog", b"faillog", b"tallylog"}


def kind_of(name: bytes, start: bytes) -> LogKind:
    """Judge a log by its name and its first bytes."""
    base = name.split(b".")[0].split(b"-")[0]
    if start.startswith(_JOURNAL_MAGIC):
        return LogKind.JOURNAL
    if base in _RECORDS:
        return LogKind.RECORDS
    if b"msg=audit(" in start[:500]:
        return LogKind.AUDIT
    if b"access" in name:
        return LogKind.ACCESS
    return LogKind.OTHER if b"\0" in start[:500] else LogKind.LINES


def look_at(gathering: Gathering, path: bytes, entry: Entry, rule: str) -> tuple[LogFile, LogKind]:
    """Return what a file covers; `rule` is the guest's rule of time."""
    start, end = b"", b""
    try:
        start, end = _ends(gathering.guest, path, entry)
    except (BadCompression, CannotLookInside, NoSuchPathInside) as error:
        gathering.lack(f"{as_text(path)}: {getattr(error, 'message', error)}")
    if entry.name.startswith(_IN_UTC):
        rule = "UTC0"
    kind = kind_of(entry.name, start)
    first, last = _journal_times(start) if kind is LogKind.JOURNAL else (None, None)
    if kind in {LogKind.LINES, LogKind.AUDIT, LogKind.ACCESS}:
        first, last = _line_times(start, end, entry, rule)
    found = LogFile(
        path=path,
        size=entry.size,
        modified=moment_ns(entry.modified_ns),
        compressed=is_compressed(entry.name),
        first=first,
        last=last,
    )
    return found, kind


def _ends(guest: Guest, path: bytes, entry: Entry) -> tuple[bytes, bytes]:
    if not entry.size:
        return b"", b""
    if is_compressed(entry.name):
        if guest.room.unpacked_bytes <= 0:
            raise CannotLookInside("it was not unpacked: there is more in compressed logs than this version reads")
        packed = guest.tree.read_file(path, limit=_WHOLE_BYTES)
        data = inflate(entry.name, packed, limit=_UNPACKED_BYTES)
        guest.room.unpacked_bytes -= len(data)
        whole = len(packed) < _WHOLE_BYTES and len(data) < _UNPACKED_BYTES
        return data[:_END_BYTES], data[-_END_BYTES:] if whole else b""
    start = guest.tree.read_file(path, limit=_END_BYTES)
    if entry.size <= _END_BYTES:
        return start, start
    if isinstance(guest.tree, ReadsAt):
        return start, guest.tree.read_at(path, entry.size - _END_BYTES, length=_END_BYTES)
    if entry.size <= _WHOLE_BYTES:
        return start, guest.tree.read_file(path, limit=_WHOLE_BYTES)[-_END_BYTES:]
    return start, b""


def _line_times(start: bytes, end: bytes, entry: Entry, rule: str) -> tuple[LogTime | None, LogTime | None]:
    latest = moment_ns(entry.modified_ns) or datetime(2000, 1, 1, tzinfo=UTC)
    lines = [as_text(line) for line in start.split(b"\n")]
    last_lines = [as_text(line) for line in reversed(end.split(b"\n"))]
    last = first_time(last_lines, clock_of(rule, latest))
    first = first_time(lines, clock_of(rule, last.at if last else latest))
    return first, last


def _journal_times(header: bytes) -> tuple[LogTime | None, LogTime | None]:
    """Read a journal's header (systemd's docs/JOURNAL_FILE_FORMAT): microseconds, 0 where there are none."""
    if len(header) < _JOURNAL_HEADER_BYTES:
        return None, None
    first, last = struct.unpack_from("<QQ", header, 184)
    return _journal_time(first), _journal_time(last)


def _journal_time(microseconds: int) -> LogTime | None:
    at = moment(microseconds // 1_000_000) if microseconds else None
    return LogTime(text=str(microseconds), at=at, zone="written") if at else None
