"""What a system starts by itself, and what runs along with something else: the places where software stays."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CronEntry:
    """A line of a table; `schedule` as it stands there (`*/5 * * * *`, `@reboot`), of anacron `period delay name`."""

    line: int
    schedule: str
    user: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTable:
    """A crontab. `user` is whose table it is, empty where each line names its own."""

    path: bytes
    user: str
    mode: str
    uid: int
    variables: tuple[Setting, ...]
    entries: tuple[CronEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtJob:
    """A job of at or batch; `commands` is the head of what it runs, without the environment that at put before it."""

    path: bytes
    queue: str
    job: int
    due: datetime | None
    uid: int | None
    gid: int | None
    user: str
    mail_to: str
    commands: tuple[str, ...]


class UnitState(StrEnum):
    """In the words of `systemctl is-enabled`."""

    ENABLED = "enabled"
    ENABLED_RUNTIME = "enabled-runtime"
    LINKED = "linked"
    LINKED_RUNTIME = "linked-runtime"
    ALIAS = "alias"
    MASKED = "masked"
    MASKED_RUNTIME = "masked-runtime"
    STATIC = "static"
    INDIRECT = "indirect"
    DISABLED = "disabled"
    GENERATED = "generated"
    TRANSIENT = "transient"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of systemd with what its drop-ins change.

    `scope` is `system`, `user` (of everybody) or the home folder that it lies in. `target` is where a link leads.
    `commands` are the Exec… lines, `triggers` what starts it: times, sockets, paths, buses.
    """

    name: str
    scope: str
    path: bytes
    state: UnitState
    preset: str = ""
    target: bytes = b""
    description: str = ""
    user: str = ""
    commands: tuple[Setting, ...] = ()
    triggers: tuple[Setting, ...] = ()
    environment: tuple[Setting, ...] = ()
    drop_ins: tuple[bytes, ...] = ()
    wanted_by: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupFile:
    """A file that runs, or that a shell reads, when `kind` tells; `sha256` is empty of what could not be read."""

    kind: str
    path: bytes
    mode: str
    uid: int
    gid: int
    size: int
    modified: datetime | None
    sha256: str = ""
    target: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitScript:
    """A service of SysV or OpenRC with the run levels that start and stop it."""

    name: str
    path: bytes
    starts_in: tuple[str, ...]
    stops_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PamLine:
    """A line of PAM's stacks; `control` is `include` or `substack` where it takes in another service's lines."""

    path: bytes
    line: int
    service: str
    type: str
    control: str
    module: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLine:
    """A line that starts or loads something; `kind` says what kind of line it is."""

    path: bytes
    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """Everything that starts by itself, each fact by itself."""

    cron: Fact[tuple[CronTable, ...]]
    at: Fact[tuple[AtJob, ...]]
    units: Fact[tuple[Unit, ...]]
    init: Fact[tuple[InitScript, ...]]
    files: Fact[tuple[StartupFile, ...]]
    loader: Fact[tuple[ConfigLine, ...]]
    pam: Fact[tuple[PamLine, ...]]
    kernel_modules: Fact[tuple[ConfigLine, ...]]
    udev: Fact[tuple[ConfigLine, ...]]
    package_hooks: Fact[tuple[ConfigLine, ...]]
    autostart: Fact[tuple[ConfigLine, ...]]
