"""Which logs a system kept, what times they cover, and where they are silent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact


class LogKind(StrEnum):
    """What the lines look like. `records` are binary records of log-ins, whose content `log-ins` tells."""

    LINES = "lines"
    AUDIT = "audit"
    JOURNAL = "journal"
    ACCESS = "access"
    RECORDS = "records"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTime:
    """A time in a log: as written, in UTC, and what was assumed to get there.

    `zone` is `written` where the line has its own, else the guest's rule (`CST-8`) or `UTC` where it has none. The year
    is `inferred` where the line has none: the latest that is not after the file's own time of change.
    """

    text: str
    at: datetime
    zone: str
    year_inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One file of a log, rotated or not. Times are of its first and last line with any; only its ends were read."""

    path: bytes
    size: int
    modified: datetime | None
    compressed: bool
    first: LogTime | None
    last: LogTime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGap:
    """A time between two files of a log of which neither tells anything."""

    start: datetime
    end: datetime
    after: bytes
    before: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log with all its rotated files, the oldest first."""

    path: bytes
    kind: LogKind
    files: tuple[LogFile, ...]
    first: datetime | None
    last: datetime | None
    gaps: tuple[LogGap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What a system kept of its past."""

    logs: Fact[tuple[Log, ...]]
