"""What was found inside the disks of one machine: facts that are present, absent or could not be determined.

Text is kept here as it was found, with unreadable bytes as surrogates; `render.report_json` escapes it on its way out.
Paths and names of files are bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from imgkit.model.role import DiskRole
from imgkit.model.storage import Mount, Storage
from imgkit.model.tree import EntryKind

INSPECT_SCHEMA = "imgkit/inspect/1"

T = TypeVar("T")


class FactState(StrEnum):
    """`undetermined`: nobody knows, because looking failed. It never looks like `absent`."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that a fact rests on; the digest is over the `size` bytes read, all of it unless `truncated`."""

    tree: str
    path: bytes
    sha256: str
    size: int
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Generic[T]):
    """A value, or that there is none, or why nobody knows; and the files that it rests on.

    `partial` says that the value is there but not all of it, and `notes` why; other notes are things worth knowing.
    """

    state: FactState
    value: T | None = None
    reason: str = ""
    partial: bool = False
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    @classmethod
    def present(
        cls, value: T, *, partial: bool = False, notes: tuple[str, ...] = (), sources: tuple[Source, ...]
    ) -> Self:
        """A value that was found; it is partial, and says so, where a source was cut short."""
        short = tuple(
            f"only the first {source.size} bytes of {source.path.decode('utf-8', 'surrogateescape')} were read"
            for source in sources
            if source.truncated
        )
        return cls(
            state=FactState.PRESENT, value=value, partial=partial or bool(short), notes=notes + short, sources=sources
        )

    @classmethod
    def absent(cls, reason: str = "", *, sources: tuple[Source, ...] = ()) -> Self:
        """Looked, and there is none."""
        return cls(state=FactState.ABSENT, reason=reason, sources=sources)

    @classmethod
    def undetermined(cls, reason: str, *, sources: tuple[Source, ...] = ()) -> Self:
        """Could not look."""
        return cls(state=FactState.UNDETERMINED, reason=reason, sources=sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A name with its value, from a file of such lines."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """`name` is the distribution's own; `release` the fullest version that any file tells (`3.2104 U10`, `7.9.2009`).

    `fields` is os-release whole; the words before it are those of os-release.
    """

    name: str
    release: str = ""
    family: str = ""
    id: str = ""
    id_like: tuple[str, ...] = ()
    pretty_name: str = ""
    version: str = ""
    version_id: str = ""
    codename: str = ""
    variant: str = ""
    alinux_minor_id: str = ""
    alinux_update_id: str = ""
    release_line: str = ""
    fields: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """`name` in the words of `uname -m`, from the ELF header of the program `path`."""

    name: str
    bits: int
    path: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Timezone:
    """`name` is empty where only a rule is known; `rule` is the POSIX TZ string at the end of the zone file."""

    name: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel release with what there is of it: image and initramfs in /boot, a folder of modules."""

    version: str
    image: bytes = b""
    image_bytes: int = 0
    initramfs: tuple[bytes, ...] = ()
    modules: bytes = b""


class MountKind(StrEnum):
    """What the first field of a line of fstab names."""

    DEVICE = "device"
    UUID = "uuid"
    LABEL = "label"
    PARTUUID = "partuuid"
    PARTLABEL = "partlabel"
    NETWORK = "network"
    VIRTUAL = "virtual"
    FOLDER = "folder"


class EntryState(StrEnum):
    """`elsewhere`: it never lay on these disks (a network share, memory, a folder bound to another place)."""

    FOUND = "found"
    UNRESOLVED = "unresolved"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabEntry:
    """One line of fstab, and the file system or swap space of this set that it means.

    `place` is as in `storage`. `missing_role` is the disk that it lies on and that is not in the set.
    """

    line: int
    spec: str
    folder: bytes
    type: str
    options: tuple[str, ...]
    dump: int
    check_pass: int
    kind: MountKind
    state: EntryState
    place: str = ""
    reason: str = ""
    missing_role: DiskRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package as its manager's database has it.

    dpkg and apk keep epoch and release inside `version`; rpm has them apart. `status` is dpkg's own, three words;
    `installed` is false for what only left its configuration behind or was never finished.
    """

    name: str
    version: str
    architecture: str = ""
    epoch: int | None = None
    release: str = ""
    status: str = ""
    installed: bool = True
    source: str = ""
    vendor: str = ""
    installed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDatabases:
    """One fact a package manager: an empty database is present and holds 0 packages."""

    dpkg: Fact[tuple[Package, ...]]
    rpm: Fact[tuple[Package, ...]]
    apk: Fact[tuple[Package, ...]]


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
class SystemReport:
    """One operating system, named by the place of its root file system."""

    root: str
    os: Fact[OperatingSystem]
    architecture: Fact[Architecture]
    hostname: Fact[str]
    machine_id: Fact[str]
    timezone: Fact[Timezone]
    locale: Fact[str]
    kernels: Fact[tuple[Kernel, ...]]
    fstab: Fact[tuple[FstabEntry, ...]]
    mounts: tuple[Mount, ...]
    packages: PackageDatabases
    users: Fact[tuple[User, ...]]
    groups: Fact[tuple[Group, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopEntry:
    """A name at the top of a file system; `bytes_below` and `files_below` count what the walk saw at and below it."""

    name: bytes
    kind: EntryKind
    mode: str
    uid: int
    gid: int
    modified: datetime | None
    bytes_below: int
    files_below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A regular file that the walk met."""

    path: bytes
    size: int
    modified: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a file system holds, by a walk from the top down. Where the walk ended at a limit, `whole` is false, and the
    counts, the largest and the newest are only those that it met; a note of the fact names the limit.
    """

    whole: bool
    entries_seen: int
    files: int
    folders: int
    links: int
    others: int
    bytes_in_files: int
    top: tuple[TopEntry, ...]
    largest: tuple[FoundFile, ...]
    newest: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFileSystem:
    """A file system without an operating system; type, labels and usage stand in `storage` under its place."""

    place: str
    roles: tuple[DiskRole, ...]
    contents: Fact[Contents]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDisk:
    """A disk that carries no operating system, with the file systems on it (one over several disks is in each)."""

    role: DiskRole
    file_systems: tuple[DataFileSystem, ...]


class DiagnosticLevel(StrEnum):
    """`undetermined`: the report lacks something because of it, and the run ends as done in part."""

    NOTE = "note"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something to know about one part of the report; `subject` is where it stands: `systems/system:1/packages/rpm`."""

    subject: str
    level: DiagnosticLevel
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVersion:
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """All that may differ between two looks at the same disks: when, by what, how."""

    started: datetime
    imgkit: str
    engine: str
    engine_reason: str = ""
    tools: tuple[ToolVersion, ...] = ()
    images: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found; the same disks give the same report, apart from `run`."""

    run: RunInfo
    storage: Storage
    systems: tuple[SystemReport, ...] = ()
    data_disks: tuple[DataDisk, ...] = ()
    missing_disks: tuple[DiskRole, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    schema: str = INSPECT_SCHEMA

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing was left undetermined; else the run ends as done in part."""
        return not self.missing_disks and all(one.level is DiagnosticLevel.NOTE for one in self.diagnostics)


def facts_within(value: object, subject: str = "") -> Iterator[tuple[str, Fact[Any]]]:
    """Yield every fact inside a noun with the names of the fields that lead to it, joined by `/`."""
    if isinstance(value, Fact):
        yield subject, value
    elif is_dataclass(value):
        for one in fields(value):
            yield from facts_within(getattr(value, one.name), f"{subject}/{one.name}" if subject else one.name)
