"""Who has an account: users with the state of their passwords, and groups."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from imgkit.model.fact import Fact


class PasswordState(StrEnum):
    """`locked` opens with no password (keys may still do); `empty` opens without asking for one."""

    SET = "set"
    LOCKED = "locked"
    EMPTY = "empty"
    NO_ENTRY = "no entry"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `algorithm` names how the password is hashed, also under a lock; the hash itself is never kept."""

    name: str
    uid: int
    gid: int
    comment: str
    home: bytes
    shell: bytes
    login_shell: bool
    password: PasswordState
    algorithm: str = ""
    password_changed: date | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`members` are those that the group file names, not those whose primary group it is."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Who may be on the system."""

    users: Fact[tuple[User, ...]]
    groups: Fact[tuple[Group, ...]]
