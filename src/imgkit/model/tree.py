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

    `mode` is whole, with the kind's bits. Times are nanoseconds since 1970, negative before it; `born_ns` is None where
    the file system keeps no such time. `file_system` tells the file systems of one tree apart: an inode
    means something only within one.
    """

    name: bytes
    kind: EntryKind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    inode: int = 0
    links: int = 1
    modified_ns: int = 0
    accessed_ns: int = 0
    changed_ns: int = 0
    born_ns: int | None = None
    file_system: int = 0
