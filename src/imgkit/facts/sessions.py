"""Sessions put together from the records of wtmp, as `last` does it: what begins on a terminal, and what ends it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from imgkit.facts.utmp_records import (
    BOOT_TIME,
    DEAD,
    NEW_TIME,
    OLD_TIME,
    RUN_LEVEL,
    USER,
    UtmpRecord,
)
from imgkit.model.logins import Session, SessionEnd, SystemEvent

_SPARE = 10_000  # so many more are kept before the oldest go


@dataclass(slots=True)
class SessionBook:
    """Sessions and events of the machine, from records in the order in which they were written."""

    most: int = 50_000
    sessions: list[Session] = field(default_factory=list)
    events: list[SystemEvent] = field(default_factory=list)
    sessions_dropped: int = 0
    events_dropped: int = 0
    _open: dict[str, int] = field(default_factory=dict)  # by terminal, the number of its session

    def add(self, path: bytes, records: Iterable[UtmpRecord]) -> None:
        """Go on with the records of a file."""
        for record in records:
            self._add(path, record)

    def _add(self, path: bytes, record: UtmpRecord) -> None:
        if record.kind == USER and record.user:
            self._close(record.terminal, record, SessionEnd.UNKNOWN)
            self._begin(path, record)
        elif record.kind == DEAD:
            self._close(record.terminal, record, SessionEnd.LOGOUT)
        elif record.kind == BOOT_TIME:
            self._close_all(record, SessionEnd.CRASH)
            self._event(path, "boot", record, record.host)
        elif record.kind == RUN_LEVEL:
            self._run_level(path, record)
        elif record.kind in {NEW_TIME, OLD_TIME}:
            self._event(path, "clock", record, "set to this" if record.kind == NEW_TIME else "set from this")

    def _run_level(self, path: bytes, record: UtmpRecord) -> None:
        """A change to level 0 or 6, or a record named so, is a shutdown: level and the one before it are in the pid."""
        level = chr(record.pid & 0xFF)
        if record.user == "shutdown" or level in "06":
            self._close_all(record, SessionEnd.SHUTDOWN)
            self._event(path, "shutdown", record, record.host)
        else:
            self._event(path, "run level", record, f"{level if level.isalnum() else '?'} {record.host}".strip())

    def _begin(self, path: bytes, record: UtmpRecord) -> None:
        self._open[record.terminal] = self.sessions_dropped + len(self.sessions)
        self.sessions.append(
            Session(
                path=path,
                user=record.user,
                terminal=record.terminal,
                host=record.host,
                address=record.address,
                started=record.at,
                ended=None,
                end=SessionEnd.OPEN,
                pid=record.pid,
            )
        )
        if len(self.sessions) >= self.most + _SPARE:
            del self.sessions[:_SPARE]
            self.sessions_dropped += _SPARE
            self._open = {name: at for name, at in self._open.items() if at >= self.sessions_dropped}

    def _close(self, terminal: str, record: UtmpRecord, end: SessionEnd) -> None:
        at = self._open.pop(terminal, None)
        if at is not None:
            ended = None if end is SessionEnd.UNKNOWN else record.at
            at -= self.sessions_dropped
            self.sessions[at] = replace(self.sessions[at], ended=ended, end=end)

    def _close_all(self, record: UtmpRecord, end: SessionEnd) -> None:
        for terminal in list(self._open):
            self._close(terminal, record, end)

    def _event(self, path: bytes, kind: str, record: UtmpRecord, detail: str) -> None:
        self.events.append(SystemEvent(path=path, kind=kind, at=record.at, detail=detail))
        if len(self.events) >= self.most + _SPARE:
            del self.events[:_SPARE]
            self.events_dropped += _SPARE
