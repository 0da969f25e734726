"""Who has an account: passwd, and of shadow only what state a password is in, never its hash."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from imgkit.errors import CannotLookInside
from imgkit.facts.bounded import Words
from imgkit.facts.guest import Content, Guest, as_path, parse_number
from imgkit.model.accounts import PasswordState, User
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
_NEVER = 99999
_WEAK = {"descrypt", "bsdicrypt", "md5crypt", "NTHASH", "SunMD5"}
MOST_ACCOUNTS = 20_000
MOST_LINES = 200_000
_MOST_FIELDS = 16
_MOST_REMARKS = 500
_FIRST_PERSON = 500  # Red Hat began here until 2014, everybody else begins at 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """What one line of shadow says, without the hash."""

    password: PasswordState
    algorithm: str
    changed: date | None = None
    expires: date | None = None
    must_change: bool = False
    days: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)


def read_users(guest: Guest) -> Fact[tuple[User, ...]]:
    """List the accounts of passwd in their order, with the state of each password."""
    passwd = guest.read_first(b"/etc/passwd")
    if passwd is None:
        return Fact.absent("there is no /etc/passwd")
    shadows, shadow, trouble = _read_shadow(guest)
    lines = FieldLines(passwd, fields=7)
    users: list[User] = []
    oddities = _Oddities()
    for fields in lines:
        user = _user(fields, shadows)
        if user is None:
            lines.malformed += 1
            continue
        oddities.see(user)
        if len(users) < MOST_ACCOUNTS:
            users.append(user)
    notes = (*lines.notes("/etc/passwd"), *beyond_note(oddities.users, "accounts"), *trouble)
    return Fact.present(
        tuple(users),
        partial=bool(notes),
        notes=notes,
        remarks=oddities.remarks(),
        sources=(passwd.source, *((shadow.source,) if shadow is not None else ())),
    )


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


@dataclass(slots=True)
class FieldLines:
    """The lines of such a file as fields, one after the other, and how many were none or were not even read.

    NIS's `+` and `-` lines name no account.
    """

    content: Content | None
    fields: int
    malformed: int = 0
    left_out: int = 0

    def __iter__(self) -> Iterator[list[str]]:
        for number, line in self.content.lines() if self.content is not None else ():
            if number > MOST_LINES:
                self.left_out = count_lines(self.content) - MOST_LINES if self.content is not None else 0
                return
            if not line or line.startswith(("#", "+", "-")):
                continue
            words = line.split(":", _MOST_FIELDS)
            if len(words) < self.fields or not words[0]:
                self.malformed += 1
            else:
                yield words

    def notes(self, path: str) -> tuple[str, ...]:
        """Say what could not be understood, and what was not read."""
        beyond = f"{path}: the {self.left_out} lines from {MOST_LINES + 1} on were left out"
        return (*count_note(self.malformed, path), *((beyond,) if self.left_out else ()))


def count_lines(content: Content) -> int:
    """Return how many lines a file has."""
    return content.data.count(b"\n") + (not content.data.endswith(b"\n"))


def count_note(malformed: int, path: str) -> tuple[str, ...]:
    """Return what to say of lines that could not be understood, nothing where there are none."""
    return (f"{malformed} line{'s' if malformed > 1 else ''} of {path} could not be understood",) if malformed else ()


def beyond_note(count: int, what: str) -> tuple[str, ...]:
    """Return what to say where a file names more of something than a report gives."""
    return (f"only the first {MOST_ACCOUNTS} of {count} {what} are given",) if count > MOST_ACCOUNTS else ()


def _algorithm(hashed: str) -> str:
    """Name the algorithm of a hash, empty for what no password can ever match (`*`, `!!`, `x`, `*NP*`)."""
    if hashed.startswith("$"):
        return _ALGORITHMS.get(hashed[1:].partition("$")[0].partition(",")[0], "unknown")
    if hashed.startswith("_") and len(hashed) == 20:
        return "bsdicrypt"
    return "descrypt" if _TRADITIONAL.fullmatch(hashed) else ""


def _read_shadow(guest: Guest) -> tuple[dict[str, list[str]] | None, Content | None, tuple[str, ...]]:
    """Return lines by name, None where they could not be had, with what to say about that."""
    try:
        content = guest.read_first(b"/etc/shadow")
    except CannotLookInside as error:
        return None, None, (f"the state of passwords could not be determined: {error.message}",)
    if content is None:
        return {}, None, ()
    lines = FieldLines(content, fields=2)
    shadows: dict[str, list[str]] = {}
    for fields in lines:
        shadows.setdefault(fields[0], fields)
    return shadows, content, lines.notes("/etc/shadow")


def _shadow(fields: list[str]) -> Shadow:
    password, algorithm = judge_password(fields[1])
    return Shadow(
        password=password,
        algorithm=algorithm,
        changed=_day(fields[2]) if len(fields) > 2 else None,
        expires=_day(fields[7]) if len(fields) > 7 else None,
        must_change=len(fields) > 2 and fields[2] == "0",
        days=(_count(fields, 3), _count(fields, 4), _count(fields, 5), _count(fields, 6)),
    )


def _count(fields: list[str], at: int) -> int | None:
    return parse_number(fields[at], largest=_LAST_DAY) if at < len(fields) else None


def _password_expires(shadow: Shadow) -> date | None:
    """Return the day after which a new password is asked for; 99999 days mean never."""
    most = shadow.days[1]
    if shadow.changed is None or most is None or most >= _NEVER:
        return None
    days = (shadow.changed - date(1970, 1, 1)).days + most
    return date(1970, 1, 1) + timedelta(days=days) if days <= _LAST_DAY else None


def _user(fields: list[str], shadows: dict[str, list[str]] | None) -> User | None:
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
        password_expires=_password_expires(shadow),
        must_change=shadow.must_change,
        least_days=shadow.days[0],
        most_days=shadow.days[1],
        warn_days=shadow.days[2],
        inactive_days=shadow.days[3],
    )


def _password_of(name: str, password: str, shadows: dict[str, list[str]] | None) -> Shadow:
    """A password field other than `x` holds of itself, as it did before there was shadow."""
    if password != _SHADOWED:
        state, algorithm = judge_password(password)
        return Shadow(password=state, algorithm=algorithm)
    if shadows is None:
        return Shadow(password=PasswordState.UNDETERMINED, algorithm="")
    fields = shadows.get(name)
    return _shadow(fields) if fields else Shadow(password=PasswordState.NO_ENTRY, algorithm="")


def _day(text: str) -> date | None:
    days = parse_number(text, largest=_LAST_DAY)
    return date(1970, 1, 1) + timedelta(days=days) if days else None


@dataclass(slots=True)
class _Oddities:
    """What stands out among all accounts, also those beyond the ones that are given."""

    users: int = 0
    roots: list[str] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    open: Words = field(default_factory=lambda: Words(most=_MOST_REMARKS))

    def see(self, user: User) -> None:
        self.users += 1
        self.names[user.name] += 1
        if user.uid == 0 and len(self.roots) < _MOST_REMARKS:
            self.roots.append(user.name)
        for words in _open_account(user):
            self.open.add(words)

    def remarks(self) -> tuple[str, ...]:
        """Say who else is root, and which names are there twice: both are ways to hide an account."""
        roots = (f"user id 0 is shared by {', '.join(self.roots)}",) if len(self.roots) > 1 else ()
        doubles = Words(most=_MOST_REMARKS)
        for name, count in self.names.items():
            if count > 1:
                doubles.add(f"the name {name} is there {count} times")
        return (*roots, *doubles.all(), *self.open.all())


def _open_account(user: User) -> Iterator[str]:
    """Say who comes in without a password, and which account of the system has a shell and a password."""
    if user.password is PasswordState.EMPTY:
        yield f"{user.name} has no password and is asked for none"
    elif user.algorithm in _WEAK and user.password is PasswordState.SET:
        yield f"the password of {user.name} is kept as {user.algorithm}, which is quickly broken"
    elif 0 < user.uid < _FIRST_PERSON and user.login_shell and user.password is PasswordState.SET:
        yield f"{user.name} is an account of the system (user id {user.uid}) with a password and a shell"
