"""Who has an account: passwd and group, and of shadow only what state a password is in, never its hash."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from imgkit.errors import CannotLookInside
from imgkit.facts.guest import Content, Guest, as_path, parse_number
from imgkit.model.accounts import Group, PasswordState, User
from imgkit.model.fact import Fact

_NO_LOGIN = {b"nologin", b"false", b"true", b"sync", b"halt", b"shutdown", b"git-shell", b"null"}
_ALGORITHMS = {  # crypt(5)
    "y": "yescrypt",
    "gy": "gost-yescrypt",
    "7": "scrypt",
    "2": "bcrypt",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2x": "bcrypt",
    "2y": "bcrypt",
    "6": "sha512crypt",
    "5": "sha256crypt",
    "sha1": "sha1crypt",
    "md5": "SunMD5",
    "1": "md5crypt",
    "3": "NTHASH",
    "argon2id": "argon2id",
}
_TRADITIONAL = re.compile(r"[./0-9A-Za-z]{13}")
_SHADOWED = "x"
_LAST_DAY = (date.max - date(1970, 1, 1)).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """What one line of shadow says, without the hash."""

    password: PasswordState
    algorithm: str
    changed: date | None
    expires: date | None


def read_users(guest: Guest) -> Fact[tuple[User, ...]]:
    """List the accounts of passwd in their order, with the state of each password."""
    passwd = guest.read_first(b"/etc/passwd")
    if passwd is None:
        return Fact.absent("there is no /etc/passwd")
    shadows, shadow, trouble = _read_shadow(guest)
    lines, malformed = _split(passwd, fields=7)
    users = [user for fields in lines if (user := _user(fields, shadows)) is not None]
    malformed += len(lines) - len(users)
    notes = (*_count_note(malformed, "/etc/passwd"), *trouble, *_doubles(users))
    return Fact.present(
        tuple(users),
        partial=bool(malformed or trouble),
        notes=notes,
        sources=(passwd.source, *((shadow.source,) if shadow is not None else ())),
    )


def read_groups(guest: Guest) -> Fact[tuple[Group, ...]]:
    """List the groups in their order."""
    content = guest.read_first(b"/etc/group")
    if content is None:
        return Fact.absent("there is no /etc/group")
    lines, malformed = _split(content, fields=4)
    groups = [group for fields in lines if (group := _group(fields)) is not None]
    malformed += len(lines) - len(groups)
    notes = _count_note(malformed, "/etc/group")
    return Fact.present(tuple(groups), partial=bool(malformed), notes=notes, sources=(content.source,))


def judge_password(field: str) -> tuple[PasswordState, str]:
    """Return the state that a password field means, and the name of the algorithm of its hash, if there is one."""
    if not field:
        return PasswordState.EMPTY, ""
    bare = field.lstrip("!*")
    if bare != field:
        return PasswordState.LOCKED, _algorithm(bare)
    algorithm = _algorithm(field)
    return (PasswordState.SET if algorithm else PasswordState.LOCKED), algorithm


def is_login_shell(shell: bytes) -> bool:
    """Whether a shell gives its user a command line; an empty field means /bin/sh."""
    return shell.rpartition(b"/")[2] not in _NO_LOGIN


def _algorithm(hashed: str) -> str:
    """Name the algorithm of a hash, empty for what no password can ever match (`*`, `!!`, `x`, `*NP*`)."""
    if hashed.startswith("$"):
        return _ALGORITHMS.get(hashed[1:].partition("$")[0].partition(",")[0], "unknown")
    if hashed.startswith("_") and len(hashed) == 20:
        return "bsdicrypt"
    return "descrypt" if _TRADITIONAL.fullmatch(hashed) else ""


def _read_shadow(guest: Guest) -> tuple[dict[str, Shadow] | None, Content | None, tuple[str, ...]]:
    """Return lines by name, None where they could not be had, with what to say about that."""
    try:
        content = guest.read_first(b"/etc/shadow")
    except CannotLookInside as error:
        return None, None, (f"the state of passwords could not be determined: {error.message}",)
    if content is None:
        return {}, None, ()
    lines, malformed = _split(content, fields=2)
    shadows: dict[str, Shadow] = {}
    for fields in lines:
        shadows.setdefault(fields[0], _shadow(fields))
    return shadows, content, _count_note(malformed, "/etc/shadow")


def _shadow(fields: list[str]) -> Shadow:
    password, algorithm = judge_password(fields[1])
    return Shadow(
        password=password,
        algorithm=algorithm,
        changed=_day(fields[2]) if len(fields) > 2 else None,
        expires=_day(fields[7]) if len(fields) > 7 else None,
    )


def _user(fields: list[str], shadows: dict[str, Shadow] | None) -> User | None:
    name, password, uid, gid, comment, home, shell = fields[:7]
    user_number, group_number = parse_number(uid), parse_number(gid)
    if user_number is None or group_number is None:
        return None
    shadow = _password_of(name, password, shadows)
    return User(
        name=name,
        uid=user_number,
        gid=group_number,
        comment=comment,
        home=as_path(home),
        shell=as_path(shell),
        login_shell=is_login_shell(as_path(shell)),
        password=shadow.password,
        algorithm=shadow.algorithm,
        password_changed=shadow.changed,
        expires=shadow.expires,
    )


def _password_of(name: str, password: str, shadows: dict[str, Shadow] | None) -> Shadow:
    """A password field other than `x` holds of itself, as it did before there was shadow."""
    if password != _SHADOWED:
        state, algorithm = judge_password(password)
        return Shadow(password=state, algorithm=algorithm, changed=None, expires=None)
    if shadows is None:
        return Shadow(password=PasswordState.UNDETERMINED, algorithm="", changed=None, expires=None)
    none = Shadow(password=PasswordState.NO_ENTRY, algorithm="", changed=None, expires=None)
    return shadows.get(name, none)


def _group(fields: list[str]) -> Group | None:
    number = parse_number(fields[2])
    if number is None:
        return None
    return Group(name=fields[0], gid=number, members=tuple(member for member in fields[3].split(",") if member))


def _split(content: Content, *, fields: int) -> tuple[list[list[str]], int]:
    """Return the lines as fields, and how many lines have too few; NIS's `+` and `-` lines name no account."""
    found, malformed = [], 0
    for _, line in content.lines():
        if not line or line.startswith(("#", "+", "-")):
            continue
        words = line.split(":")
        if len(words) < fields or not words[0]:
            malformed += 1
        else:
            found.append(words)
    return found, malformed


def _day(text: str) -> date | None:
    days = parse_number(text, largest=_LAST_DAY)
    return date(1970, 1, 1) + timedelta(days=days) if days else None


def _count_note(malformed: int, path: str) -> tuple[str, ...]:
    return (f"{malformed} line{'s' if malformed > 1 else ''} of {path} could not be understood",) if malformed else ()


def _doubles(users: Iterable[User]) -> tuple[str, ...]:
    """Say who else is root, and which names are there twice: both are ways to hide an account."""
    roots = [user.name for user in users if user.uid == 0]
    roots_note = (f"user id 0 is shared by {', '.join(roots)}",) if len(roots) > 1 else ()
    names = Counter(user.name for user in users)
    return roots_note + tuple(f"the name {name} is there {count} times" for name, count in names.items() if count > 1)
