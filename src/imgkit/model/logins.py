"""Who was on the system, when and from where: sessions, failed attempts, the last time of each user."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact


class SessionEnd(StrEnum):
    """How a session ended: `open` lasted when the disk was copied; of `unknown` no record tells the end."""

    LOGOUT = "logout"
    SHUTDOWN = "shutdown"
    CRASH = "crash"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A log-in. `host` is as the record has it, `address` the numeric one beside it; `service` only wtmpdb tells."""

    path: bytes
    user: str
    terminal: str
    host: str
    address: str
    started: datetime | None
    ended: datetime | None
    end: SessionEnd
    pid: int | None = None
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvent:
    """Something that wtmp tells of the machine: `kind` is `boot`, `shutdown`, `run level` or `clock`."""

    path: bytes
    kind: str
    at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLogins:
    """Failed attempts of one name from one host, by one file of btmp."""

    path: bytes
    user: str
    host: str
    address: str
    count: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLogin:
    """The last log-in of a user as lastlog has it: by number, so that accounts with one number share it.

    `names` are all accounts that have this number now, none where there is none any more. lastlog2 goes by name.
    """

    path: bytes
    uid: int | None
    names: tuple[str, ...]
    at: datetime | None
    terminal: str
    host: str
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """How often a user's log-in failed since the last good one, by faillog or pam_faillock."""

    path: bytes
    uid: int | None
    names: tuple[str, ...]
    failures: int
    latest: datetime | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """Everything about log-ins, each fact by itself."""

    sessions: Fact[tuple[Session, ...]]
    events: Fact[tuple[SystemEvent, ...]]
    failed: Fact[tuple[FailedLogins, ...]]
    last: Fact[tuple[LastLogin, ...]]
    failures: Fact[tuple[FailureCount, ...]]
