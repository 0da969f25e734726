"""Services of SysV's init and of OpenRC: scripts, and the run levels whose links start and stop them; inittab."""

import re
from collections.abc import Iterator

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine, InitScript
from imgkit.model.tree import EntryKind

_FOLDERS = (b"/etc/init.d", b"/etc/rc.d/init.d")
_LEVELS = ("0", "1", "2", "3", "4", "5", "6", "S")
_LINK = re.compile(rb"([SK])\d\d(.+)", re.DOTALL)
_NO_SCRIPT = {b"README", b"functions", b"rc", b"rcS", b"skeleton", b".depend.boot", b".depend.start", b".depend.stop"}
_INITTAB = b"/etc/inittab"
_MOST_SCRIPTS = 50_000


def read_init_scripts(guest: Guest) -> Fact[tuple[InitScript, ...]]:
    """List the services in the order of their names, with the run levels that start and stop them."""
    look = Gathering(guest)
    starts, stops = _links(look)
    paths: dict[bytes, bytes] = {}
    for folder in _FOLDERS:
        for found in look.names(folder):
            if found.entry.name not in _NO_SCRIPT and found.entry.name not in paths:
                paths[found.entry.name] = found.path
                reasons = odd_file(found.path, found.entry)
                if reasons:
                    look.remark(describe_odd("the init script", found.path, reasons))
    scripts = (
        InitScript(
            name=as_text(name),
            path=paths.get(name, b""),
            starts_in=tuple(sorted(starts.get(name, ()))),
            stops_in=tuple(sorted(stops.get(name, ()))),
        )
        for name in sorted({*paths, *starts, *stops})
    )
    return look.fact(look.first(scripts, _MOST_SCRIPTS, "scripts"), nothing="there are no init scripts")


def read_inittab(look: Gathering) -> Iterator[ConfigLine]:
    """Yield the lines of inittab that start something: `id:levels:action:process`."""
    content = look.read(_INITTAB)
    for number, line in look.lines(content):
        if not line or line.startswith("#"):
            continue
        fields = line.split(":", 3)
        if len(fields) < 4:
            look.lack_line(_INITTAB, number, "it has fewer than four fields")
            continue
        for habit in odd_habits(fields[3]):
            look.remark(f"/etc/inittab line {number} {habit}: {look.brief(fields[3])}")
        yield ConfigLine(path=_INITTAB, line=number, kind=f"inittab {fields[2]}", text=look.guest.quote(line))


def _links(look: Gathering) -> tuple[dict[bytes, set[str]], dict[bytes, set[str]]]:
    starts: dict[bytes, set[str]] = {}
    stops: dict[bytes, set[str]] = {}
    for level in _LEVELS:
        for base in (b"/etc/rc", b"/etc/rc.d/rc", b"/etc/init.d/rc"):
            for found in look.names(base + level.encode() + b".d"):
                named = _LINK.fullmatch(found.entry.name)
                if named is not None:
                    (starts if named[1] == b"S" else stops).setdefault(named[2], set()).add(level)
    for entry in look.folder(b"/etc/runlevels"):  # OpenRC
        if entry.kind is EntryKind.FOLDER:
            for found in look.names(b"/etc/runlevels/" + entry.name):
                starts.setdefault(found.entry.name, set()).add(as_text(entry.name))
    return starts, stops
