"""Who has an account: users with the state of their passwords, and groups."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from imgkit.model.fact import Fact
from imgkit.model.sudo import Sudoers


class PasswordState(StrEnum):
    """`locked` opens with no password (keys may still do); `empty` opens without asking for one."""

    SET = "set"
    LOCKED = "locked"
    EMPTY = "empty"
    NO_ENTRY = "no entry"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `algorithm` names how the password is hashed, also under a lock; the hash itself is never kept.

    Days are counted as shadow does; `must_change` asks for a new password at the next log-in, `password_expires` is
    the day after which that is so, `expires` the day from which the account is shut.
    """

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
    password_expires: date | None = None
    must_change: bool = False
    least_days: int | None = None
    most_days: int | None = None
    warn_days: int | None = None
    inactive_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`members` are those that the group file names, not those whose primary group it is.

    `password` opens the group to everybody who knows it; `administrators` and `shadow_members` are gshadow's.
    """

    name: str
    gid: int
    members: tuple[str, ...]
    password: PasswordState = PasswordState.NO_ENTRY
    administrators: tuple[str, ...] = ()
    shadow_members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubordinateIds:
    """Ids that an account may use for its containers; `kind` is `user` or `group`."""

    kind: str
    owner: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Who may be on the system."""

    users: Fact[tuple[User, ...]]
    groups: Fact[tuple[Group, ...]]
    subordinate_ids: Fact[tuple[SubordinateIds, ...]]
    sudoers: Fact[Sudoers]
