"""Tables of who was on the system, and a line of it for the summary."""

from collections.abc import Iterator
from datetime import datetime

from imgkit.model.logins import FailedLogins, FailureCount, LastLogin, Logins, Session, SystemEvent
from imgkit.render.titles import Table, decode, list_title, unknown_words
from imgkit.units import counted

_MOST_ROWS = 200
_SESSION_HEADS = ("began", "ended", "how", "user", "terminal", "from")
_FAILED_HEADS = ("count", "user", "from", "first", "last", "file")
_LAST_HEADS = ("uid", "names", "when", "terminal", "from", "file")


def login_tables(logins: Logins, of: str) -> Iterator[Table]:
    """Yield sessions and events newest first, the rest whole; of very many rows the first ones."""
    sessions = [_session(one) for one in reversed(logins.sessions.value or ())]
    yield _limited(list_title("SESSIONS" + of, logins.sessions), sessions, _SESSION_HEADS)
    events = [_event(one) for one in reversed(logins.events.value or ())]
    yield _limited(list_title("STARTS AND SHUTDOWNS" + of, logins.events), events, ("when", "what", "detail"))
    failed = [_failed(one) for one in logins.failed.value or ()]
    yield _limited(list_title("FAILED LOG-INS" + of, logins.failed), failed, _FAILED_HEADS)
    last = [_last(one) for one in logins.last.value or ()]
    yield _limited(list_title("LAST LOG-INS" + of, logins.last), last, _LAST_HEADS)
    counts = [_count(one) for one in logins.failures.value or ()]
    yield _limited(list_title("FAILURE COUNTS" + of, logins.failures), counts, ("count", "names", "latest", "detail"))


def login_words(logins: Logins) -> str:
    """Return log-ins in a few words: how many, the newest, and how many attempts failed."""
    sessions, failed = logins.sessions, logins.failed
    words = list(unknown_words(sessions, "sessions"))
    if sessions.value is not None:
        count = counted(len(sessions.value), "session")
        newest = sessions.value[-1] if sessions.value else None
        told = f", the last: {newest.user}{_from(newest)} at {_time(newest.started)}" if newest else ""
        words.append(count + told)
    if failed.value:
        words.append(counted(sum(one.count for one in failed.value), "failed attempt"))
    return "; ".join(words)


def _limited(title: str, rows: list[tuple[str, ...]], heads: tuple[str, ...]) -> Table:
    """Long lists are whole in the JSON."""
    if len(rows) > _MOST_ROWS:
        title += f", of which {_MOST_ROWS} are shown"
    return title, heads, rows[:_MOST_ROWS]


def _session(one: Session) -> tuple[str, ...]:
    where = " ".join(dict.fromkeys(word for word in (one.host, one.address) if word))
    return _time(one.started), _time(one.ended), one.end, one.user, one.terminal, where


def _event(one: SystemEvent) -> tuple[str, ...]:
    return _time(one.at), one.kind, one.detail


def _failed(one: FailedLogins) -> tuple[str, ...]:
    where = " ".join(dict.fromkeys(word for word in (one.host, one.address) if word))
    return str(one.count), one.user, where, _time(one.first), _time(one.last), decode(one.path)


def _last(one: LastLogin) -> tuple[str, ...]:
    uid = "" if one.uid is None else str(one.uid)
    return uid, ", ".join(one.names) or "(no account)", _time(one.at), one.terminal, one.host, decode(one.path)


def _count(one: FailureCount) -> tuple[str, ...]:
    return str(one.failures), ", ".join(one.names) or str(one.uid), _time(one.latest), one.detail


def _from(one: Session) -> str:
    where = one.host or one.address or one.terminal
    return f" from {where}" if where else ""


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else ""
