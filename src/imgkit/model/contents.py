"""What a file system holds, by a walk over it."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.model.tree import EntryKind


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
class FolderSize:
    """A folder with what lies in it and in all folders below it."""

    path: bytes
    bytes_below: int
    files_below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something recognised by the names that lie together: a database's data, containers' volumes, a backup store.

    `version` is what its own files say, empty where they say nothing.
    """

    kind: str
    path: bytes
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """Files of one kind by their endings: how many, how large together, and the largest of them."""

    kind: str
    files: int
    total_bytes: int
    largest: bytes


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
    large_folders: tuple[FolderSize, ...] = ()
    holdings: tuple[Holding, ...] = ()
    kinds: tuple[FileKind, ...] = ()
