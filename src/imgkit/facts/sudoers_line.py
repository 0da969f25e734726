"""A line of sudoers, as sudoers(5) describes its grammar: user lists, host parts, run-as, options, tags, commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ALIAS = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)", re.DOTALL)
_DEFAULTS = re.compile(r"Defaults([@:>!][^\s,]*(?:\s*,\s*[^\s,=+-]+)*)?\s+(.*)", re.DOTALL)
_RUN_AS = re.compile(r"\(([^()]*)\)\s*")
_TAG = re.compile(
    r"(NOPASSWD|PASSWD|NOEXEC|EXEC|SETENV|NOSETENV|LOG_INPUT|NOLOG_INPUT|LOG_OUTPUT|NOLOG_OUTPUT|MAIL|NOMAIL|FOLLOW|"
    r"NOFOLLOW|INTERCEPT|NOINTERCEPT)\s*:\s*"
)
_OPTION = re.compile(
    r"((?:CWD|CHROOT|ROLE|TYPE|APPARMOR_PROFILE|NOTBEFORE|NOTAFTER|TIMEOUT|PRIVS|LIMITPRIVS)\s*=\s*(?:\"[^\"]*\"|\S+))\s*"
)
_USER = re.compile(r"\s*(!*\s*(?:\"[^\"]*\"|(?:\\.|[^\s,=\\\"])+(?:\"[^\"]*\")?))", re.DOTALL)
_COMMA = re.compile(r"\s*,")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


class BadSudoersLine(ValueError):
    """This line cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Commands of a rule that are run the same way."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    run_as_users: tuple[str, ...] = ()
    run_as_groups: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def split_outside(text: str, mark: str) -> list[str]:
    r"""Split at a character outside of quotes, brackets and behind no backslash; parts come stripped."""
    parts: list[str] = []
    start, depth, quoted = 0, 0, False
    letters = iter(range(len(text)))
    for at in letters:
        letter = text[at]
        if letter == "\\":
            next(letters, None)
        elif letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(depth - 1, 0)
        elif letter == mark and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def parse_aliases(line: str) -> list[tuple[str, str, tuple[str, ...]]] | None:
    """Return kind, name and members of each alias that a line defines, or None where it defines none.

    Raises BadSudoersLine.
    """
    found = _ALIAS.fullmatch(line)
    if found is None:
        return None
    aliases = []
    for definition in split_outside(found[2], ":"):
        name, equals, members = definition.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise BadSudoersLine("the alias has no name of capital letters")
        kind = "Cmnd" if found[1] == "Cmd" else found[1]
        aliases.append((kind, name.strip(), _list(members)))
    return aliases


def parse_defaults(line: str) -> tuple[str, str] | None:
    """Return scope and settings of a line of Defaults, or None where it is none."""
    found = _DEFAULTS.fullmatch(line)
    return (found[1] or "", found[2].strip()) if found is not None else None


def parse_rule(line: str) -> list[Permission]:
    """Return what a rule permits, one part for each way of running. Raises BadSudoersLine."""
    users, rest = _user_list(line)
    found: list[Permission] = []
    for part in _host_parts(rest):
        hosts, equals, commands = part.partition("=")
        if not equals or not hosts.strip() or not commands.strip():
            raise BadSudoersLine("it names no host or no command")
        found += _permissions(users, _list(hosts), commands.strip())
    return found


def _host_parts(rest: str) -> Iterator[str]:
    """Split `HOSTS = COMMANDS : HOSTS = COMMANDS`; a colon also ends tags, so a part must have its own `=`."""
    waiting: list[str] = []
    for piece in split_outside(rest, ":"):
        if waiting and _begins_host_part(piece, waiting[-1]):
            yield ":".join(waiting)
            waiting = []
        waiting.append(piece)
    yield ":".join(waiting)


def _begins_host_part(piece: str, before: str) -> bool:
    last = re.split(r"[\s,=)]", before[-64:].rstrip())[-1]
    if _TAG.fullmatch(f"{last}:"):
        return False
    return re.match(r"[!\w.*+%/\\-]+(?:\s*,\s*[!\w.*+%/\\-]+)*\s*=", piece) is not None


def _user_list(line: str) -> tuple[tuple[str, ...], str]:
    """Return the users at the head of a rule: words joined by commas, each perhaps quoted or with escaped blanks."""
    users: list[str] = []
    at = 0
    while True:
        word = _USER.match(line, at)
        if word is None:
            raise BadSudoersLine("it begins with no user")
        users.append(word[1].strip())
        comma = _COMMA.match(line, word.end())
        if comma is None:
            return tuple(users), line[word.end() :].strip()
        at = comma.end()


def _permissions(users: tuple[str, ...], hosts: tuple[str, ...], commands: str) -> Iterator[Permission]:
    """Yield runs of commands that share run-as and tags: both go on until another one is named."""
    run_as: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    waiting: list[str] = []

    def permission() -> Permission:
        return Permission(
            users=users,
            hosts=hosts,
            run_as_users=run_as[0],
            run_as_groups=run_as[1],
            options=options,
            tags=tags,
            commands=tuple(waiting),
        )

    for item in split_outside(commands, ","):
        new_run_as, new_options, new_tags, command = _command(item, tags)
        changed = (new_run_as or run_as, new_options or options, new_tags) != (run_as, options, tags)
        if changed and waiting:
            yield permission()
            waiting = []
        run_as, options, tags = new_run_as or run_as, new_options or options, new_tags
        if not command:
            raise BadSudoersLine("a command is missing")
        waiting.append(command)
    yield permission()


def _command(
    item: str, tags: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]] | None, tuple[str, ...], tuple[str, ...], str]:
    """Return run-as, options and tags before a command, and the command."""
    run_as = None
    options: list[str] = []
    found = _RUN_AS.match(item)
    if found is not None:
        run_users, _, run_groups = found[1].partition(":")
        run_as = (_list(run_users), _list(run_groups))
        item = item[found.end() :]
    while (match := _OPTION.match(item)) or (match := _TAG.match(item)):
        if _TAG.match(item):
            tags = _with_tag(tags, match[1])
        else:
            options.append(match[1])
        item = item[match.end() :]
    return run_as, tuple(options), tags, item.strip()


def _with_tag(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    """A tag replaces its opposite."""
    opposite = tag.removeprefix("NO") if tag.startswith("NO") else f"NO{tag}"
    return tuple(sorted({*tags, tag} - {opposite}))


def _list(text: str) -> tuple[str, ...]:
    return tuple(word for word in split_outside(text, ",") if word)
