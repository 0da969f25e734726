"""Who was on the system: wtmp, btmp and utmp with those that were rotated away, and wtmpdb."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.inflating import BadCompression, inflate_parts, is_compressed
from imgkit.facts.isolation import determine
from imgkit.facts.last_logins import read_failure_counts, read_last_logins
from imgkit.facts.line_stream import FileStream
from imgkit.facts.login_databases import read_rows, text_of_column, time_of
from imgkit.facts.sessions import SessionBook
from imgkit.facts.utmp_records import Records, read_records
from imgkit.model.fact import Fact
from imgkit.model.logins import FailedLogins, Logins, Session, SessionEnd, SystemEvent
from imgkit.units import KiB, MiB

_LOGS = b"/var/log"
_UTMP = (b"/run/utmp", b"/var/run/utmp")
_WTMPDB = b"/var/lib/wtmpdb"
_WTMPDB_COLUMNS = ("Type", "User", "Login", "Logout", "TTY", "RemoteHost", "Service")
_BOOT, _SESSION = 1, 3
_ROTATED = rb"(?:[.-](?!(?:[\w.-]{0,40}\.)?db\b)[\w.-]{1,40})?"  # wtmp.db is wtmpdb's
_OF_WTMPDB = re.compile(rb"wtmp(?:[._-][\w.-]{0,40})?\.db")
_FILE_BYTES = 256 * MiB
_ALL_BYTES = 256 * MiB
_BEGINNING = 64 * KiB
_MOST_FILES = 1000
MOST_SESSIONS = 50_000
MOST_ATTEMPTS = 50_000
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def read_logins(guest: Guest) -> Logins:
    """Collect who was on the system; sessions and events of the machine come from the same files."""
    return Logins(
        sessions=determine(lambda: read_sessions(guest), guest.room),
        events=determine(lambda: read_system_events(guest), guest.room),
        failed=determine(lambda: read_failed_logins(guest), guest.room),
        last=determine(lambda: read_last_logins(guest), guest.room),
        failures=determine(lambda: read_failure_counts(guest), guest.room),
    )


def read_sessions(guest: Guest) -> Fact[tuple[Session, ...]]:
    """List the sessions in the order in which they began; of very many the newest."""
    look = Gathering(guest)
    book = _book(look)
    sessions = [*book.sessions, *_wtmpdb_sessions(look)]
    sessions.sort(key=lambda one: (one.started or _LONG_AGO, one.path, one.terminal))
    count = len(sessions) + book.sessions_dropped
    if count > MOST_SESSIONS:
        look.lack(f"only the newest {MOST_SESSIONS} of {count} sessions are given")
    return look.fact(tuple(sessions[-MOST_SESSIONS:]), nothing="there is neither a wtmp nor a wtmpdb")


def read_system_events(guest: Guest) -> Fact[tuple[SystemEvent, ...]]:
    """List starts, shutdowns and changes of the clock in their order."""
    look = Gathering(guest)
    book = _book(look, remark=True)
    events = [*book.events, *_wtmpdb_events(look)]
    events.sort(key=lambda one: (one.at or _LONG_AGO, one.path, one.kind))
    count = len(events) + book.events_dropped
    if count > MOST_SESSIONS:
        look.lack(f"only the newest {MOST_SESSIONS} of {count} events are given")
    return look.fact(tuple(events[-MOST_SESSIONS:]), nothing="there is neither a wtmp nor a wtmpdb")


def read_failed_logins(guest: Guest) -> Fact[tuple[FailedLogins, ...]]:
    """Count failed attempts by name and host, most attempts first."""
    look = Gathering(guest)
    counts: dict[tuple[bytes, str, str, str], _Attempts] = {}
    left_out = 0
    for path, records in _files(look, b"btmp"):
        for record in records:
            key = (path, record.user, record.host, record.address)
            if key not in counts and len(counts) >= MOST_ATTEMPTS:
                left_out += 1
                continue
            counts.setdefault(key, _Attempts()).add(record.at)
    if left_out:
        look.lack(f"{left_out} failed attempts of further names and hosts were left out")
    found = [
        FailedLogins(path=path, user=user, host=host, address=address, count=one.count, first=one.first, last=one.last)
        for (path, user, host, address), one in counts.items()
    ]
    found.sort(key=lambda one: (-one.count, one.path, one.user, one.host, one.address))
    return look.fact(tuple(found), nothing="there is no btmp")


@dataclass(slots=True)
class _Attempts:
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, at: datetime | None) -> None:
        self.count += 1
        if at is not None:
            self.first = min(self.first or at, at)
            self.last = max(self.last or at, at)


def _book(look: Gathering, *, remark: bool = False) -> SessionBook:
    book = SessionBook(most=MOST_SESSIONS)
    for path, records in _files(look, b"wtmp"):
        book.add(path, records)
        if remark and records.wiped:
            look.remark(f"{as_text(path)}: {records.wiped} records are all zero, as after something was wiped out")
        if remark and records.left:
            look.remark(f"{as_text(path)}: {records.left} bytes at its end are no whole record")
    if not book.sessions and not book.events:
        for path in _UTMP:
            content = look.read(path)
            if content is not None:
                book.add(path, read_records(content.data))
                break
    return book


def _files(look: Gathering, name: bytes) -> Iterator[tuple[bytes, Records]]:
    """Yield the files of one log, unpacked, the oldest first: by the time of their first record."""
    pattern = re.compile(name + _ROTATED)
    paths = [one.path for one in look.names(_LOGS) if pattern.fullmatch(one.entry.name)]
    if len(paths) > _MOST_FILES:
        look.lack(f"only the first {_MOST_FILES} of {len(paths)} files of {as_text(name)} were read")
    left = _Left(_ALL_BYTES)
    for _, path in sorted((_first_time(look, path), path) for path in paths[:_MOST_FILES]):
        yield path, Records(_unpacked(look, path, left))


def _first_time(look: Gathering, path: bytes) -> datetime:
    """Look at a file's beginning; whatever keeps from it is told when it is read."""
    records = read_records(b"".join(_unpacked(Gathering(look.guest), path, _Left(_BEGINNING))))
    return next((record.at for record in records if record.at), _LONG_AGO)


@dataclass(slots=True)
class _Left:
    """How many bytes of a log may still be read, all its files together."""

    size: int


def _unpacked(look: Gathering, path: bytes, left: _Left) -> Iterator[bytes]:
    if left.size <= 0:
        look.lack(f"{as_text(path)} was left out: no more than {_ALL_BYTES} bytes of its kind are read")
        return
    stream = FileStream(look.guest, path, limit=min(_FILE_BYTES, left.size))
    limit = left.size
    try:
        for piece in inflate_parts(path, stream.parts(), limit=limit):
            left.size -= len(piece)
            yield piece
    except BadCompression as error:
        look.lack(f"{as_text(path)}: {error}")
    except NoSuchPathInside:
        return
    except CannotLookInside as error:
        look.lack(error.message)
        return
    if left.size <= 0 and is_compressed(path):
        look.lack(f"only the first {limit} bytes in {as_text(path)} were read")
    look.add_source(stream.source)


def _wtmpdb(look: Gathering) -> Iterator[tuple[bytes, tuple[object, ...]]]:
    """Yield all rows. Debian keeps the file in /var/log, and a link to it where wtmpdb looks."""
    found = list(look.names(_WTMPDB, suffix=b".db"))
    linked = {(look.link_target(one.path) or b"").rpartition(b"/")[2] for one in found}
    in_logs = [one for one in look.names(_LOGS, suffix=b".db") if _OF_WTMPDB.fullmatch(one.entry.name)]
    for one in (*found, *(one for one in in_logs if one.entry.name not in linked)):
        for row in read_rows(look, one.path, "wtmp", _WTMPDB_COLUMNS):
            yield one.path, row


def _wtmpdb_sessions(look: Gathering) -> Iterator[Session]:
    for path, (kind, user, login, logout, terminal, host, service) in _wtmpdb(look):
        if kind == _SESSION:
            ended = time_of(logout, per_second=1_000_000)
            yield Session(
                path=path,
                user=text_of_column(user),
                terminal=text_of_column(terminal),
                host=text_of_column(host),
                address="",
                started=time_of(login, per_second=1_000_000),
                ended=ended,
                end=SessionEnd.LOGOUT if ended is not None else SessionEnd.OPEN,
                service=text_of_column(service),
            )


def _wtmpdb_events(look: Gathering) -> Iterator[SystemEvent]:
    for path, (kind, _, login, logout, _, host, _) in _wtmpdb(look):
        if kind == _BOOT:
            yield SystemEvent(
                path=path, kind="boot", at=time_of(login, per_second=1_000_000), detail=text_of_column(host)
            )
            if (ended := time_of(logout, per_second=1_000_000)) is not None:
                yield SystemEvent(path=path, kind="shutdown", at=ended, detail=text_of_column(host))
