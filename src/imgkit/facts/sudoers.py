"""Who may run what as whom: /etc/sudoers with everything that it includes, and what stands out in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from imgkit.facts.bounded import MOST_BYTES
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_path, as_text
from imgkit.facts.room import weigh
from imgkit.facts.standing_out import odd_habits
from imgkit.facts.sudoers_line import BadSudoersLine, parse_aliases, parse_defaults, parse_rule
from imgkit.model.fact import Fact
from imgkit.model.sudo import SudoAlias, SudoDefault, Sudoers, SudoRule
from imgkit.units import MiB

_TOP = (b"/etc/sudoers", b"/usr/etc/sudoers")
_INCLUDE = re.compile(r"[@#](include|includedir)\s+(\"[^\"]+\"|(?:\\.|\S)+)\s*")
_MOST_DEPTH = 128  # sudo's own
_MOST_FILES = 2000
_MOST_RULES = 50_000
_MOST_BYTES = 8 * MiB
_MOST_ODD = 20
_LONGEST_LINE = 128 * 1024
_ORDINARY_ALL = {"root", "%sudo", "%wheel", "%admin"}


def read_sudoers(guest: Guest) -> Fact[Sudoers]:
    """Read all rules, aliases and defaults; a line that cannot be understood is named by its file and number."""
    look = Gathering(guest, most_bytes=_MOST_BYTES)
    reader = _Reader(look)
    top = next((path for path in _TOP if look.stat(path) is not None), _TOP[0])
    reader.file(top, 0)
    aliases = _Commands(reader.aliases)
    for rule in reader.rules:
        _remark(look, rule, aliases)
    for default in reader.defaults:
        _remark_default(look, default)
    whole = Sudoers(rules=tuple(reader.rules), aliases=tuple(reader.aliases), defaults=tuple(reader.defaults))
    return look.one(_quoted(guest, whole), nothing="there is no sudoers")


def logical_lines(look: Gathering, path: bytes) -> Iterator[tuple[int, str]]:
    r"""Yield lines with what a backslash at their end continues, without comments; `#include` is none."""
    content = look.read(path)
    waiting, begun = "", 0
    for number, raw in look.lines(content):
        begun = begun or number
        if raw.endswith("\\") and not raw.endswith("\\\\") and not raw.startswith("#") and len(waiting) < _LONGEST_LINE:
            waiting += raw[:-1] + " "
            continue
        line = (waiting + raw).strip()
        if line.startswith("#") and not _INCLUDE.fullmatch(line) and not re.match(r"#\d", line):
            line = ""
        if line:
            yield begun, _without_comment(line)
        waiting, begun = "", 0
    if waiting.strip():
        yield begun, _without_comment(waiting.strip())


@dataclass(slots=True)
class _Reader:
    look: Gathering
    rules: list[SudoRule] = field(default_factory=list)
    bytes_left: int = MOST_BYTES
    aliases: list[SudoAlias] = field(default_factory=list)
    defaults: list[SudoDefault] = field(default_factory=list)
    files: int = 0

    def file(self, path: bytes, depth: int) -> None:
        self.files += 1
        if depth > _MOST_DEPTH or self.files > _MOST_FILES or len(self.rules) > _MOST_RULES:
            self.look.lack(f"{as_text(path)} was left out: sudoers includes too many files, or one another in a circle")
            return
        for number, line in logical_lines(self.look, path):
            include = _INCLUDE.fullmatch(line)
            if len(self.rules) + len(self.aliases) + len(self.defaults) > _MOST_RULES or self.bytes_left <= 0:
                self.look.lack(f"{as_text(path)}: lines from {number} on were left out")
                return
            if len(line) > _LONGEST_LINE:
                self.look.lack_line(path, number, "it is longer than this version reads")
                continue
            try:
                if include is not None:
                    self._include(path, include[1], include[2], depth)
                else:
                    self._line(path, number, line)
            except BadSudoersLine as error:
                self.look.lack_line(path, number, str(error))

    def _include(self, path: bytes, kind: str, target: str, depth: int) -> None:
        """Follow an include; of a folder not names with dots or `~`. `%h`, the host's name, is not guessed."""
        named = as_path(re.sub(r"\\(.)", r"\1", target.strip('"')))
        whole = named if named.startswith(b"/") else path.rpartition(b"/")[0] + b"/" + named
        if b"%h" in whole:
            self.look.lack(f"{as_text(path)} includes {as_text(whole)}, whose %h is the host's name")
        elif kind == "include":
            self.file(whole, depth + 1)
        else:
            for found in self.look.names(whole):
                if b"." in found.entry.name or found.entry.name.endswith(b"~"):
                    continue
                self.file(found.path, depth + 1)

    def _line(self, path: bytes, number: int, line: str) -> None:
        defaults = parse_defaults(line)
        if defaults is not None:
            self.defaults.append(SudoDefault(path=path, line=number, scope=defaults[0], text=defaults[1]))
            return
        aliases = parse_aliases(line)
        if aliases is not None:
            self.aliases += [
                SudoAlias(path=path, line=number, kind=kind, name=name, members=members)
                for kind, name, members in aliases
            ]
            return
        shown = self.look.guest.quote(line)
        for one in parse_rule(line):
            rule = SudoRule(
                path=path,
                line=number,
                text=shown,
                users=one.users,
                hosts=one.hosts,
                run_as_users=one.run_as_users,
                run_as_groups=one.run_as_groups,
                options=one.options,
                tags=one.tags,
                commands=one.commands,
            )
            self.bytes_left -= weigh(rule, self.bytes_left)
            if self.bytes_left <= 0:  # one line may give many rules, each with all its users
                self.look.lack_line(path, number, "some of what it permits was left out")
                return
            self.rules.append(rule)


def _without_comment(line: str) -> str:
    """Cut a comment at the end: a `#` outside of quotes that begins no user id and is not escaped."""
    if line.startswith(("#", "@")):
        return line
    quoted = False
    for at, letter in enumerate(line):
        if letter == '"' and (at == 0 or line[at - 1] != "\\"):
            quoted = not quoted
        elif letter == "#" and not quoted and line[at - 1] != "\\" and not line[at + 1 : at + 2].isdigit():
            return line[:at].rstrip()
    return line


def _quoted(guest: Guest, whole: Sudoers) -> Sudoers:
    quote = guest.quote
    rules = (replace(one, commands=tuple(map(quote, one.commands))) for one in whole.rules)
    defaults = (replace(one, text=quote(one.text)) for one in whole.defaults)
    aliases = (replace(one, members=tuple(map(quote, one.members))) for one in whole.aliases)
    return Sudoers(rules=tuple(rules), aliases=tuple(aliases), defaults=tuple(defaults))


class _Commands:
    """What stands out in commands and in the aliases that name some, looked at once each."""

    def __init__(self, aliases: list[SudoAlias]) -> None:
        self._named: dict[str, tuple[str, ...]] = {one.name: one.members for one in aliases if one.kind == "Cmnd"}
        self._odd: dict[str, tuple[tuple[str, str], ...]] = {}

    def everything(self, command: str) -> bool:
        return command == "ALL" or "ALL" in self._named.get(command, ())

    def odd(self, command: str) -> tuple[tuple[str, str], ...]:
        """Return habits with the command that has each, of an alias those of the first odd ones in it."""
        if command not in self._odd:
            members = sorted({command, *self._named.get(command, ())})
            found = ((habit, one) for one in members for habit in odd_habits(one))
            self._odd[command] = tuple(islice(found, _MOST_ODD))
        return self._odd[command]


def _remark(look: Gathering, rule: SudoRule, known: _Commands) -> None:
    """Tell who may do everything, and who needs no password for it."""
    where = f"{as_text(rule.path)} line {rule.line}"
    who = ", ".join(rule.users[:100])[:200]
    everything = any(map(known.everything, rule.commands))
    if "NOPASSWD" in rule.tags:
        what = "everything" if everything else ", ".join(rule.commands[:100])[:200]
        look.remark(f"{where}: {who} may run {what} without a password")
    elif everything and not set(rule.users) <= _ORDINARY_ALL:
        look.remark(f"{where}: {who} may run everything")
    for habit, command in sorted({odd for one in rule.commands for odd in known.odd(one)}):
        look.remark(f"{where}: {who} may run what {habit}: {look.brief(command)}")


def _remark_default(look: Gathering, default: SudoDefault) -> None:
    where = f"{as_text(default.path)} line {default.line}"
    if re.search(r"!\s*authenticate\b", default.text):
        look.remark(f"{where}: no password is asked (Defaults{default.scope} {look.brief(default.text)})")
    if re.search(r"\bLD_(?:PRELOAD|LIBRARY_PATH)\b|(?<!\w)!\s*env_reset\b", default.text):
        look.remark(f"{where}: the caller's environment is kept (Defaults{default.scope} {look.brief(default.text)})")
