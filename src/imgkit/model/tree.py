"""Entries of the file trees inside disks."""

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a file tree. `name` is the last part of the path, as bytes: names need not be text.

    Times are seconds since 1970 with their fraction; `link` is the target of a symbolic link.
    """

    name: bytes
    kind: EntryKind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    inode: int = 0
    links: int = 1
    modified: float = 0.0
    accessed: float = 0.0
    changed: float = 0.0
