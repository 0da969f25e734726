"""What every reader of a file system gives: what an inode is, what a folder holds, what a file contains."""

import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from imgkit.errors import ImgkitError
from imgkit.model.tree import EntryKind

KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.FOLDER, stat.S_IFLNK: EntryKind.LINK}
MOST_NAMES = 1_000_000  # in one folder
PART_BYTES = 1 << 20
_NOT_IN_NAMES = (b"/", b"\0")


# What a damaged structure brings about in a reader, beside what it says itself: a field that is cut off, a number that
# leads nowhere, sizes that fill the memory.
BROKEN = (ImgkitError, struct.error, ValueError, LookupError, ArithmeticError, TypeError, RecursionError, MemoryError)


class Row(NamedTuple):
    """What one inode is; times are nanoseconds since 1970."""

    mode: int
    size: int
    uid: int
    gid: int
    inode: int
    links: int
    modified_ns: int
    accessed_ns: int
    changed_ns: int
    born_ns: int | None


class Inode(Protocol):
    """What the readers of ext and XFS know of an inode; both have it under these names."""

    @property
    def number(self) -> int: ...
    @property
    def mode(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def uid(self) -> int: ...
    @property
    def gid(self) -> int: ...
    @property
    def links(self) -> int: ...
    @property
    def modified_ns(self) -> int: ...
    @property
    def accessed_ns(self) -> int: ...
    @property
    def changed_ns(self) -> int: ...
    @property
    def born_ns(self) -> int | None: ...


def row_of(found: Inode) -> Row:
    """Return what an entry needs of an inode."""
    return Row(
        found.mode,
        found.size,
        found.uid,
        found.gid,
        found.number,
        found.links,
        found.modified_ns,
        found.accessed_ns,
        found.changed_ns,
        found.born_ns,
    )


class Name(NamedTuple):
    """One name in a folder and the inode that it leads to."""

    name: bytes
    inode: int


class Stretch(NamedTuple):
    """Bytes of a file."""

    offset: int
    length: int


class FileSystemReader(Protocol):
    """One file system, by inodes. Everything raises CannotLookInside where the disk does not make sense."""

    @property
    def root(self) -> int: ...

    def row(self, inode: int) -> Row: ...

    def names(self, inode: int) -> Sequence[Name]:
        """Return a folder's names in the order of the disk, without `.` and `..`."""
        ...

    def parts(self, inode: int, offset: int, length: int) -> Iterator[bytes]:
        """Yield these bytes of a regular file, fewer where it ends before, in pieces of about 1 MiB at most."""
        ...

    def stored(self, inode: int) -> Iterator[Stretch]:
        """Yield what of a regular file is more than a hole, in order; it may reach beyond the file's end."""
        ...

    def link_target(self, inode: int) -> bytes: ...

    def xattrs(self, inode: int) -> Mapping[bytes, bytes]: ...


def plain_name(raw: bytes) -> bytes:
    r"""Return a name that can stand in a path: a slash or NUL that a hostile disk has in a name becomes `\x2f`, `\x00`.

    A kernel refuses such a folder as a whole; here nothing hides behind one bad name, and no name becomes a path.
    """
    if b"/" in raw or b"\0" in raw:
        for byte in _NOT_IN_NAMES:
            raw = raw.replace(byte, b"\\x%02x" % byte[0])
    return raw


def reason_of(error: Exception) -> str:
    """Return in words why something could not be read."""
    if isinstance(error, ImgkitError):
        return error.message
    if isinstance(error, MemoryError):
        return "reading it would take more memory than imgkit allows"
    return f"its structure is damaged ({type(error).__name__}: {error})"


def zeroes(length: int) -> Iterator[bytes]:
    """Yield the content of a hole."""
    while length > 0:
        yield bytes(min(length, PART_BYTES))
        length -= PART_BYTES
