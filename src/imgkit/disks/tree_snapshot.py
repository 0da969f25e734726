"""A whole tree at one moment, from what `stat` and `getfattr` print of it: kept packed, taken apart when asked for."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from imgkit.model.tree import Entry, EntryKind

KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.FOLDER, stat.S_IFLNK: EntryKind.LINK}
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_FIELDS = 11  # before the name, which may hold blanks


class BadSnapshot(ValueError):
    """What came is not what these programs print."""


@dataclass(slots=True)
class Snapshot:
    """The entries of every folder; a path is absolute and free of links. `len` counts entries."""

    _folders: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: bytes) -> None:
        """Take one record of `guestfs_shell.STAT_FORMAT`. Raises BadSnapshot."""
        numbers, name = _split(record)
        folder, _, last = name.rpartition(b"/")
        self._folders.setdefault(folder, {})[last] = numbers
        if stat.S_ISDIR(int(numbers.split(b" ", 3)[2], 16)):
            self._folders.setdefault(name, {})
        self._count += 1

    def entry(self, path: bytes) -> Entry | None:
        """Return what is at a path, or None where the snapshot has no such path; it may still lead there by a link."""
        folder, _, name = path.rpartition(b"/")
        numbers = self._folders.get(folder, {}).get(name)
        return parse_entry(name, numbers) if numbers is not None else None

    def folder(self, path: bytes) -> Sequence[Entry] | None:
        """Return the entries of a folder, sorted, or None where the snapshot has no such folder."""
        found = self._folders.get(path.rstrip(b"/"))
        if found is None:
            return None
        return tuple(parse_entry(name, found[name]) for name in sorted(found) if name)


def read_snapshot(blocks: Iterable[bytes]) -> Snapshot:
    """Read the records of a whole tree. Raises BadSnapshot."""
    snapshot = Snapshot()
    for record in records(blocks):
        snapshot.add(record)
    return snapshot


def records(blocks: Iterable[bytes], end: bytes = b"\0") -> Iterator[bytes]:
    """Yield what lies between the ends, from blocks cut anywhere."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(end)
        yield from whole
    if rest:
        raise BadSnapshot("the last record is cut off")


def parse_entry(name: bytes, numbers: bytes) -> Entry:
    """Read the numbers before a name. Raises BadSnapshot."""
    try:
        device, inode, mode, links, uid, gid, size, *times = numbers.split(b" ")
        accessed, modified, changed, born = map(_nanoseconds, times)
        kind = int(mode, 16)
        return Entry(
            name=name,
            kind=KINDS.get(stat.S_IFMT(kind), EntryKind.OTHER),
            size=int(size),
            mode=kind,
            uid=int(uid),
            gid=int(gid),
            inode=int(inode),
            links=int(links),
            modified_ns=modified,
            accessed_ns=accessed,
            changed_ns=changed,
            born_ns=born or None,
            file_system=int(device),
        )
    except ValueError as error:
        raise BadSnapshot(f"not the numbers of an entry: {numbers[:80]!r}") from error


def read_attributes(blocks: Iterable[bytes]) -> Mapping[bytes, Mapping[bytes, bytes]]:
    """Read what `getfattr -d -e hex` prints of a tree: the attributes by path, of what has any. Raises BadSnapshot."""
    found: dict[bytes, dict[bytes, bytes]] = {}
    current: dict[bytes, bytes] = {}
    for line in records(blocks, b"\n"):
        if line.startswith(b"# file: "):
            current = found.setdefault(b"/" + _unescaped(line[8:]).removeprefix(b".").lstrip(b"/"), {})
        elif line:
            name, _, value = line.partition(b"=")
            current[_unescaped(name)] = _hex(value)
    return found


def _split(record: bytes) -> tuple[bytes, bytes]:
    """Part the numbers from the name, `./etc/fstab`, which becomes `/etc/fstab`; the top becomes the empty one."""
    parts = record.split(b" ", _FIELDS)
    if len(parts) != _FIELDS + 1 or not parts[_FIELDS].startswith(b"."):
        raise BadSnapshot(f"not an entry: {record[:80]!r}")
    return b" ".join(parts[:_FIELDS]), parts[_FIELDS].removeprefix(b".")


def _nanoseconds(seconds: bytes) -> int:
    """Read a decimal number of seconds with nine digits behind the point."""
    whole, _, fraction = seconds.partition(b".")
    size = int(whole.lstrip(b"-")) * 1_000_000_000 + int(fraction.ljust(9, b"0")[:9] or b"0")
    return -size if whole.startswith(b"-") else size


def _unescaped(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), text)


def _hex(value: bytes) -> bytes:
    try:
        return bytes.fromhex(value.removeprefix(b"0x").decode("ascii")) if value.startswith(b"0x") else b""
    except ValueError as error:
        raise BadSnapshot(f"not the value of an attribute: {value[:80]!r}") from error
