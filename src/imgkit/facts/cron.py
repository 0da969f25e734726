"""What cron and anacron run: every table, of the system and of users, with the user field only where the file has one.

crontab(5) of Debian's cron and of cronie, anacrontab(5); BusyBox keeps its tables in /etc/crontabs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Guest, as_text, mode_words
from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.model.fact import Fact, Setting
from imgkit.model.persistence import CronEntry, CronTable
from imgkit.model.tree import EntryKind

_OF_THE_SYSTEM = b"/etc/crontab"
_FOLDERS_OF_THE_SYSTEM = (b"/etc/cron.d", b"/usr/etc/cron.d")
_FOLDERS_OF_USERS = (
    b"/etc/crontabs",
    b"/var/spool/cron",
    b"/var/spool/cron/crontabs",
    b"/var/spool/cron/tabs",
)
_NO_TABLE = (b".placeholder", b".SEQ", b"cron.update", b"deny", b"allow")
_ANACRONTAB = b"/etc/anacrontab"
_MOST_ENTRIES = 50_000
_FIELD = re.compile(r"[0-9A-Za-z*,/~?#LW-]{1,256}")
_SPECIAL = re.compile(r"@[A-Za-z0-9_]{1,32}")
_VARIABLE = re.compile(r"(\"[^\"]{0,256}\"|'[^']{0,256}'|[A-Za-z_]\w{0,255})\s*=\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How the lines of a table are built: fields of time before the command, and whether a user stands between."""

    times: int
    has_user: bool
    user: str = ""


class BadLine(ValueError):
    """This line is no entry."""


def read_cron(guest: Guest) -> Fact[tuple[CronTable, ...]]:
    """List every table with its lines; a line that is none is named by its file and number."""
    look = Gathering(guest)
    tables: list[CronTable] = []
    left = _MOST_ENTRIES
    for found, kind in _tables(look):
        if left <= 0:
            look.lack(f"{as_text(found.path)} and the tables after it were left out: there are too many lines")
            break
        table = _table(look, found, kind, most=left)
        if table is not None:
            tables.append(table)
            left -= len(table.entries) + len(table.variables)
    return look.fact(tuple(tables), nothing="there are no tables of cron")


def parse_entry(line: str, *, times: int = 5, has_user: bool = False) -> tuple[str, str, str]:
    """Return schedule, user and command of a line. Raises BadLine."""
    wanted = 1 if line.startswith("@") and times == 5 else times
    words = line.split(None, wanted + has_user)
    if len(words) < wanted + has_user + 1:
        raise BadLine("it has too few fields")
    schedule = words[:wanted]
    fits = _SPECIAL.fullmatch(schedule[0]) if line.startswith("@") else all(map(_FIELD.fullmatch, _dashless(schedule)))
    if times == 5 and not fits:
        raise BadLine("its times cannot be understood")
    user = words[wanted] if has_user else ""
    return " ".join(schedule), user, words[-1]


def parse_variable(line: str) -> tuple[str, str] | None:
    """Return name and value of a line that sets a variable, or None where it is another line."""
    found = _VARIABLE.fullmatch(line)
    if found is None:
        return None
    value = found[2].rstrip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return found[1].strip("\"'"), value[1:-1] if quoted else value


def _dashless(schedule: list[str]) -> list[str]:
    """SUSE's cron takes a dash before the first field: do not log."""
    return [schedule[0].removeprefix("-"), *schedule[1:]]


def _tables(look: Gathering) -> Iterator[tuple[Found, _Kind]]:
    system = _Kind(times=5, has_user=True)
    for path, kind in ((_OF_THE_SYSTEM, system), (_ANACRONTAB, _Kind(times=3, has_user=False, user="root"))):
        entry = look.stat(path)
        if entry is not None:
            yield Found(path=path, entry=entry), kind
    for folder in _FOLDERS_OF_THE_SYSTEM:
        yield from ((found, system) for found in look.names(folder) if found.entry.name not in _NO_TABLE)
    for folder in _FOLDERS_OF_USERS:
        at = look.stat(folder)
        if at is None or at.kind is EntryKind.LINK:  # Alpine's spool is a link to /etc/crontabs
            continue
        for found in look.names(folder):
            if found.entry.name not in _NO_TABLE:
                yield found, _Kind(times=5, has_user=False, user=as_text(found.entry.name))


def _table(look: Gathering, found: Found, kind: _Kind, *, most: int) -> CronTable | None:
    content = look.read(found.path)
    if content is None:
        return None
    variables: list[Setting] = []
    entries: list[CronEntry] = []
    for number, line in look.lines(content):
        if not line or line.startswith("#"):
            continue
        if len(variables) + len(entries) >= most:
            look.lack(f"{as_text(found.path)}: lines from {number} on were left out")
            break
        variable = parse_variable(line)
        if variable is not None:
            name, value = variable
            variables.append(Setting(name=name, value=look.guest.quote_value(name, value)))
            continue
        try:
            schedule, user, command = parse_entry(line, times=kind.times, has_user=kind.has_user)
        except BadLine as error:
            look.lack_line(found.path, number, str(error))
            continue
        _remark(look, found, number, command)
        quoted = look.guest.quote(command)
        entries.append(CronEntry(line=number, schedule=schedule, user=user or kind.user, command=quoted))
    _remark_file(look, found, kind)
    return CronTable(
        path=found.path,
        user=kind.user,
        mode=mode_words(found.entry),
        uid=found.entry.uid,
        variables=tuple(variables),
        entries=tuple(entries),
    )


def _remark(look: Gathering, found: Found, number: int, command: str) -> None:
    for habit in odd_habits(command):
        look.remark(f"{as_text(found.path)} line {number} {habit}: {look.brief(command)}")


def _remark_file(look: Gathering, found: Found, kind: _Kind) -> None:
    """A user's own table belongs to that user; what the system obeys belongs to root."""
    reasons = odd_file(found.path, found.entry)
    if not kind.has_user:
        reasons = tuple(reason for reason in reasons if not reason.startswith("its owner"))
    if reasons:
        look.remark(describe_odd("the cron table", found.path, reasons))
