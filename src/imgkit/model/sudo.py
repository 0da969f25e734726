"""Who may run what as whom: sudoers with all that it includes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SudoRule:
    """A part of a line of sudoers that has its own run-as, tags and commands; `text` is the whole line as it stands.

    `run_as_users` and `run_as_groups` are empty where the line names none: then it is root. Tags such as `NOPASSWD` are
    those in force for these commands; options are such as `CWD=/srv`.
    """

    path: bytes
    line: int
    text: str
    users: tuple[str, ...]
    hosts: tuple[str, ...]
    run_as_users: tuple[str, ...]
    run_as_groups: tuple[str, ...]
    options: tuple[str, ...]
    tags: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SudoAlias:
    """A name for several users, run-as users, hosts or commands: `kind` is `User`, `Runas`, `Host` or `Cmnd`."""

    path: bytes
    line: int
    kind: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SudoDefault:
    """A line of Defaults; `scope` is empty or as it stands there: `:alice`, `>root`, `!/usr/bin/x`, `@host`."""

    path: bytes
    line: int
    scope: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudoers:
    """All of sudoers, in the order in which sudo reads it: of several rules that fit, the last one holds."""

    rules: tuple[SudoRule, ...]
    aliases: tuple[SudoAlias, ...]
    defaults: tuple[SudoDefault, ...]
