"""Times at the beginning of lines of logs, as rsyslog, audit, web servers and package managers write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from imgkit.model.logs import LogTime

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_CLOCK = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
_DATE = r"(?P<year>\d{4})[-/](?P<month>\d{2})[-/](?P<day>\d{2})"
_OFFSET = r"(?P<offset>Z|[+-]\d{2}:?\d{2})"
_MONTH = r"(?P<name>[A-Z][a-z]{2})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_DATE}[T ]{_CLOCK}(?:[.,]\d{{1,9}})? ?{_OFFSET}",
        rf"(?:\[|update-alternatives |Start-Date: |End-Date: |Log (?:started|ended): )?{_DATE}(?:T| {{1,2}}){_CLOCK}",
        rf"{_MONTH} {{1,2}}(?P<day>\d{{1,2}}) {_CLOCK}",
        rf"\[\w{{3}} {_MONTH} (?P<day>\d{{2}}) {_CLOCK}(?:\.\d{{1,9}})? (?P<year>\d{{4}})\]",
    )
)
_ACCESS = re.compile(rf"\[(?P<day>\d{{2}})/{_MONTH}/(?P<year>\d{{4}}):{_CLOCK} {_OFFSET}\]")
_AUDIT = re.compile(r"msg=audit\((?P<epoch>\d{1,11})\.\d{1,6}:")
_RULE = re.compile(
    r"(?:[A-Za-z]{3,10}|<[^>]{1,12}>)(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?(?P<more>.*)"
)
_MOST_LINE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What to assume of a time that does not say it: the zone, and the latest that it can be."""

    zone: str
    offset: timedelta
    latest: datetime


def clock_of(rule: str, latest: datetime) -> Clock:
    """Return what a guest's rule of time means (POSIX TZ, its sign the other way round), without daylight saving."""
    match = _RULE.fullmatch(rule)
    if match is None:
        return Clock(zone="UTC", offset=timedelta(), latest=latest)
    hours = timedelta(hours=min(int(match["hours"]), 24), minutes=int(match["minutes"] or 0))
    words = f"{rule}, always standard time" if match["more"] else rule
    return Clock(zone=words, offset=hours if match["sign"] == "-" else -hours, latest=latest)


def first_time(lines: Iterable[str], clock: Clock) -> LogTime | None:
    """Return the time of the first line that has one."""
    return next((found for line in lines if (found := line_time(line, clock))), None)


def line_time(line: str, clock: Clock) -> LogTime | None:
    """Return the time that a line begins with, or that stands where its form has it."""
    line = line[:_MOST_LINE]
    if audit := _AUDIT.search(line):
        seconds = int(audit["epoch"])
        return LogTime(text=audit["epoch"], at=datetime.fromtimestamp(seconds, UTC), zone="written")
    for form in _FORMS:
        if match := form.match(line):
            return _time(match, clock)
    access = _ACCESS.search(line)
    return _time(access, clock) if access else None


def _time(match: re.Match[str], clock: Clock) -> LogTime | None:
    parts = match.groupdict()
    month = _MONTHS.get(parts["name"], 0) if parts.get("name") else int(parts["month"])
    clock_time = (int(parts["hour"]), int(parts["minute"]), int(parts["second"]))
    offset, zone = _offset(parts.get("offset"), clock)
    try:
        if parts.get("year"):
            at = datetime(int(parts["year"]), month, int(parts["day"]), *clock_time, tzinfo=timezone(offset))
            return LogTime(text=match[0].strip("[]"), at=at.astimezone(UTC), zone=zone)
        at = _with_year((month, int(parts["day"])), clock_time, timezone(offset), clock.latest)
    except (ValueError, OverflowError):
        return None
    return LogTime(text=match[0], at=at.astimezone(UTC), zone=zone, year_inferred=True)


def _with_year(day: tuple[int, int], clock_time: tuple[int, int, int], zone: timezone, latest: datetime) -> datetime:
    """The latest year that is not after the file's own time; a day is allowed for clocks and zones."""
    end = latest + timedelta(days=1)
    for year in range(end.year, end.year - 5, -1):  # the 29th of February comes every fourth year at best
        try:
            found = datetime(year, *day, *clock_time, tzinfo=zone)
        except ValueError:
            continue
        if found <= end:
            return found
    raise ValueError("no year fits")


def _offset(written: str | None, clock: Clock) -> tuple[timedelta, str]:
    if written is None:
        return clock.offset, clock.zone
    if written == "Z":
        return timedelta(), "written"
    hours, minutes = int(written[1:3]), int(written[-2:])
    return timedelta(hours=hours, minutes=minutes) * (-1 if written[0] == "-" else 1), "written"
