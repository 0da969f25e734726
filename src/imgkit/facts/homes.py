"""The home folders of a system: those that passwd names, and those under /home that no account has any more."""

import io
from dataclasses import dataclass
from itertools import islice

from imgkit.facts.gathering import MOST_LINES, Gathering
from imgkit.facts.guest import as_path, as_text, parse_number
from imgkit.model.tree import EntryKind

MOST_HOMES = 10_000
MOST_ACCOUNTS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home folder with its users; none where no account has it."""

    path: bytes
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The part of a line of passwd that other subjects need."""

    name: str
    uid: int
    gid: int
    home: bytes


def accounts_of(look: Gathering) -> tuple[Account, ...]:
    """Return the accounts of passwd in their order."""
    content = look.read(b"/etc/passwd")
    found: list[Account] = []
    for raw in islice(io.BytesIO(content.data), MOST_LINES) if content is not None else ():
        line = as_text(raw).strip(" \t\r\n") if b":" in raw else ""
        fields = line.split(":")
        if len(fields) < 6 or line.startswith(("#", "+", "-")):
            continue
        uid, gid = parse_number(fields[2]), parse_number(fields[3])
        if len(found) >= MOST_ACCOUNTS:
            look.lack(f"only the first {MOST_ACCOUNTS} accounts of /etc/passwd were looked at")
            break
        if fields[0] and uid is not None and gid is not None:
            found.append(Account(name=fields[0], uid=uid, gid=gid, home=as_path(fields[5])))
    return tuple(found)


def homes_of(look: Gathering) -> tuple[Home, ...]:
    """Return every home folder once, in the order of paths."""
    users: dict[bytes, list[str]] = {b"/root": []}
    for account in accounts_of(look):
        path = b"/" + b"/".join(part for part in account.home.split(b"/") if part)
        if account.home.startswith(b"/"):
            users.setdefault(path, []).append(account.name)
    for entry in look.folder(b"/home"):
        if entry.kind is EntryKind.FOLDER:
            users.setdefault(b"/home/" + entry.name, [])
    if len(users) > MOST_HOMES:
        look.lack(f"only the first {MOST_HOMES} of {len(users)} home folders were looked into")
    return tuple(Home(path=path, users=tuple(users[path])) for path in sorted(users)[:MOST_HOMES])


def beneath(home: Home, name: bytes) -> bytes:
    """Return the path of something in a home folder; the home may be `/` itself."""
    return home.path.rstrip(b"/") + b"/" + name


def uid_names(accounts: tuple[Account, ...]) -> dict[int, str]:
    """Return the first name of each user id: as the system itself names it where two accounts share one."""
    names: dict[int, str] = {}
    for account in accounts:
        names.setdefault(account.uid, account.name)
    return names
