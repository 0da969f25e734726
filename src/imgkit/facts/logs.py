"""Which logs there are, what times they cover, and where they are silent, empty, cut off or led astray."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.identity import read_timezone
from imgkit.facts.isolation import determine
from imgkit.facts.log_files import look_at
from imgkit.model.fact import Fact
from imgkit.model.logs import Log, LogFile, LogGap, LogKind, Logs
from imgkit.model.tree import Entry, EntryKind

GAP = timedelta(days=1)  # between two files of one log; rotation leaves none, a quiet machine seldom this long
_ROOT = b"/var/log"
_MOST_FILES = 1000
_MOST_FOLDERS = 300
_MOST_DEPTH = 4
_MOST_GAPS = 50
_ROTATED = re.compile(
    rb"(?P<base>.+?)(?:[-.](?:19|20)\d{6}(?:-\d{1,10}|\d{2,6})?|\.\d{1,3}|\.old|@[0-9a-f-]{20,80})?"
    rb"(?P<ending>\.log|\.journal~?)?(?:\.(?:gz|xz|bz2|zst))?",
    re.DOTALL,
)
_RECORDS = (b"wtmp", b"btmp", b"lastlog")
_BY_RSYSLOG = ((b"auth.log", b"secure"), (b"syslog", b"messages"))


def describe_logs(guest: Guest) -> Logs:
    """Collect the facts of a system's logs."""
    return Logs(logs=determine(lambda: read_logs(guest), guest.room))


def read_logs(guest: Guest) -> Fact[tuple[Log, ...]]:
    """List every log below /var/log with what it covers."""
    gathering = Gathering(guest)
    zone = determine(lambda: read_timezone(guest)).value
    rule = zone.rule if zone else ""
    groups: dict[bytes, list[tuple[LogFile, LogKind]]] = {}
    names: dict[bytes, Entry] = {}
    for path, entry in _files(gathering):
        names[path] = entry
        if entry.kind is EntryKind.FILE:
            groups.setdefault(series_of(path), []).append(look_at(gathering, path, entry, rule))
    logs = tuple(_log(path, files) for path, files in sorted(groups.items()))
    _say_what_stands_out(gathering, names, logs)
    if not names and not gathering.folder(_ROOT):
        return gathering.fact((), nothing="there is no /var/log")
    return gathering.fact(logs, nothing="there is nothing in /var/log")


def series_of(path: bytes) -> bytes:
    """Return the path of the log that a rotated file belongs to."""
    folder, _, name = path.rpartition(b"/")
    match = _ROTATED.fullmatch(name)
    return folder + b"/" + (match["base"] + (match["ending"] or b"") if match else name)


def _log(path: bytes, found: Sequence[tuple[LogFile, LogKind]]) -> Log:
    files = sorted((one for one, _ in found), key=lambda one: (one.first is None, one.first and one.first.at, one.path))
    kinds = [kind for _, kind in found if kind is not LogKind.OTHER]
    firsts = [one.first.at for one in files if one.first]
    lasts = [one.last.at for one in files if one.last]
    return Log(
        path=path,
        kind=kinds[0] if kinds else LogKind.OTHER,
        files=tuple(files),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        gaps=tuple(_gaps(files))[:_MOST_GAPS],
    )


def _gaps(files: Sequence[LogFile]) -> Iterator[LogGap]:
    dated = [one for one in files if one.first and one.last]
    for one, following in pairwise(dated):
        if one.last and following.first and following.first.at - one.last.at > GAP:
            yield LogGap(start=one.last.at, end=following.first.at, after=one.path, before=following.path)


def _say_what_stands_out(gathering: Gathering, names: dict[bytes, Entry], logs: Sequence[Log]) -> None:
    if not names:
        return
    for name in _RECORDS:
        _say_if_empty(gathering, names, [_ROOT + b"/" + name], needed=True)
    rsyslog = gathering.stat(b"/etc/rsyslog.conf") is not None
    for either in _BY_RSYSLOG:
        _say_if_empty(gathering, names, [_ROOT + b"/" + name for name in either], needed=rsyslog)
    for path, entry in names.items():
        if entry.kind is EntryKind.LINK and (gathering.link_target(path) or b"").startswith(b"/dev/"):
            gathering.remark(f"{as_text(path)} is a link into /dev: what is written there is lost")
    for log in logs:
        for gap in log.gaps:
            gathering.remark(f"{as_text(log.path)} is silent from {gap.start.isoformat()} to {gap.end.isoformat()}")


def _say_if_empty(gathering: Gathering, names: dict[bytes, Entry], either: Sequence[bytes], *, needed: bool) -> None:
    there = [path for path in either if path in names]
    if not there and needed:
        gathering.remark(f"{' or '.join(as_text(path) for path in either)} is not there")
    for path in there:
        if names[path].kind is EntryKind.FILE and not names[path].size and not path.endswith(b"btmp"):
            gathering.remark(f"{as_text(path)} is empty")


def _files(gathering: Gathering) -> Iterator[tuple[bytes, Entry]]:
    """Yield files and links below /var/log, the upper ones first."""
    waiting = [(_ROOT, 0)]
    files = 0
    for folder, depth in waiting:
        for entry in gathering.folder(folder):
            path = folder + b"/" + entry.name
            if entry.kind is EntryKind.FOLDER:
                if depth < _MOST_DEPTH and len(waiting) < _MOST_FOLDERS:
                    waiting.append((path, depth + 1))
                else:
                    gathering.lack("there are more folders below /var/log than were looked into")
            elif files < _MOST_FILES:
                files += 1
                yield path, entry
            else:
                gathering.lack(f"only the first {_MOST_FILES} files below /var/log were looked at")
                return
