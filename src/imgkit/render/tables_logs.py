"""Tables of a system's logs, and a line of them for the summary."""

from collections.abc import Iterator
from datetime import datetime

from imgkit.model.logs import Log, Logs, LogTime
from imgkit.render.titles import Table, decode, list_title, unknown_words
from imgkit.units import counted, describe_bytes, format_utc


def log_tables(logs: Logs | None, of: str) -> Iterator[Table]:
    """Yield the logs and their gaps."""
    if logs is None:
        return
    rows = [_row(one) for one in logs.logs.value or ()]
    yield list_title("LOGS" + of, logs.logs), ("log", "kind", "files", "size", "first", "last", "assumed"), rows
    gaps = [
        (format_utc(gap.start), format_utc(gap.end), decode(gap.after), decode(gap.before))
        for one in logs.logs.value or ()
        for gap in one.gaps
    ]
    if gaps:
        yield f"GAPS IN LOGS{of}: {len(gaps)}", ("from", "to", "after", "before"), gaps


def log_words(logs: Logs) -> str:
    """Return the line of the summary: how far the logs reach, and what stands out."""
    found = logs.logs.value
    if found is None:
        return "".join(unknown_words(logs.logs))
    firsts = [one.first for one in found if one.first]
    lasts = [one.last for one in found if one.last]
    reach = f", {min(firsts).date()} to {max(lasts).date()}" if firsts and lasts else ""
    oddities = "; " + "; ".join(logs.logs.remarks[:2]) if logs.logs.remarks else ""
    return f"{counted(len(found), 'log')}{reach}{oddities}"


def _row(one: Log) -> tuple[str, ...]:
    size = describe_bytes(sum(file.size for file in one.files))
    times = [time for file in one.files for time in (file.first, file.last) if time]
    return decode(one.path), one.kind, str(len(one.files)), size, _when(one.first), _when(one.last), _assumed(times)


def _when(at: datetime | None) -> str:
    return format_utc(at) if at else ""


def _assumed(times: list[LogTime]) -> str:
    zones = sorted({time.zone for time in times if time.zone != "written"})
    return ", ".join([*zones, *(["the year"] if any(time.year_inferred for time in times) else [])])
