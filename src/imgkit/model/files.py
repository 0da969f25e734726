"""What a walk over all files of a system found worth a look."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.model.tree import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedFile:
    """Something in a file tree that a walk took note of; `why` says more than the list that it stands in, if anything.

    `package` is the package that brings it, where that was asked: for programs that change their user.
    """

    path: bytes
    kind: EntryKind
    mode: str
    uid: int
    gid: int
    size: int
    modified: datetime | None
    changed: datetime | None
    why: str = ""
    package: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedFiles:
    """The first of them in the order of paths, and how many there are in all."""

    total: int
    first: tuple[NotedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapableFile:
    """A program that brings rights of its own (`cap_net_raw`); `root_uid` is that of a user namespace, else 0."""

    path: bytes
    permitted: tuple[str, ...]
    inheritable: tuple[str, ...]
    effective: bool
    root_uid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What one walk over all files found. Where it ended at a limit, `whole` is false.

    `last_change` is the newest time at which the file system itself noted a change (ctime): what claims to be more than
    a day newer is called future. A disk has no other clock, and no clock of ours plays a part.
    `hidden_programs` are executable files in folders or under names that begin with a dot, in places of the system or
    of temporary files; `temporary_programs` all executable files in temporary places.
    """

    whole: bool
    entries: int
    last_change: datetime | None
    set_id: NotedFiles
    capable: tuple[CapableFile, ...]
    world_writable: NotedFiles
    open_folders: NotedFiles
    hidden_programs: NotedFiles
    temporary_programs: NotedFiles
    in_dev: NotedFiles
    devices_elsewhere: NotedFiles
    odd_names: NotedFiles
    odd_times: NotedFiles
    future_times: NotedFiles
    newest: tuple[NotedFile, ...]
    largest: tuple[NotedFile, ...]
