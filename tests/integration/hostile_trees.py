"""Trees of files that are made to exhaust who reads them, and cost nothing until they are asked for."""

import io
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.model.tree import Entry, EntryKind

_PART_BYTES = 1024 * 1024

Maker = Callable[[int], bytes | Iterator[bytes]]  # gives the first so many bytes of a file, or pieces of them
Crowd = tuple[str, int, Maker]  # a pattern of names, how many there are, and what each holds


def repeated(record: bytes, *, head: bytes = b"") -> Maker:
    """A file of nothing but one record, as large as anybody wants to read."""

    def make(limit: int) -> Iterator[bytes]:
        yield from _cut(chain([head], repeat(record * max(_PART_BYTES // len(record), 1))), limit)

    return make


def numbered(record: str, *, head: str = "", most: int = 1 << 40) -> Maker:
    """A file of records with a number in each, `%d`, so that no two are alike."""

    def make(limit: int) -> Iterator[bytes]:
        records = (record.replace("%d", str(number)) for number in range(1, most + 1))
        pieces = iter(lambda: "".join(islice(records, 2000)).encode(), b"")
        yield from _cut(chain([head.encode()], pieces), limit)

    return make


def whole(data: bytes) -> Maker:
    return lambda limit: data[:limit]


def _cut(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:limit]
        limit -= len(piece)
        if limit <= 0:
            return


class HostileTree:
    """Files by their paths, and folders of very many names that all hold the same, but for their own folders."""

    def __init__(self, files: Mapping[str, Maker], crowds: Mapping[str, Crowd] | None = None) -> None:
        self._files = {path.encode(): maker for path, maker in files.items()}
        self._crowds = {path.encode(): crowd for path, crowd in (crowds or {}).items()}
        self._folders: dict[bytes, set[bytes]] = {b"": set()}
        for path in (*self._files, *self._crowds):
            above = path
            while above:
                above, _, name = above.rpartition(b"/")
                self._folders.setdefault(above, set()).add(name)

    def stat(self, path: bytes) -> Entry:
        path = path.rstrip(b"/")
        name = path.rpartition(b"/")[2]
        if path in self._crowds or path in self._folders:
            return Entry(name=name, kind=EntryKind.FOLDER, mode=stat.S_IFDIR | 0o755, links=2)
        self._maker(path)
        return _file(name)

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        path = path.rstrip(b"/")
        if path in self._crowds:
            pattern, count, _ = self._crowds[path]
            return tuple(_file((pattern % number).encode()) for number in range(count))
        if path not in self._folders:
            raise NoSuchPathInside(f"{path!r} is not there")
        return tuple(self.stat(path + b"/" + name) for name in sorted(self._folders[path]))

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        found = io.BytesIO()
        for part in self.read_parts(path, limit=limit):
            found.write(part)
        return found.getvalue()

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        found = self._maker(path)(limit)
        yield from [found[:limit]] if isinstance(found, bytes) else found

    def read_link(self, path: bytes) -> bytes:
        raise CannotLookInside(f"{path!r} is no link")

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        return {}

    def _maker(self, path: bytes) -> Maker:
        if path in self._files:
            return self._files[path]
        folder = path.rpartition(b"/")[0]
        if folder in self._crowds:
            return self._crowds[folder][2]
        raise NoSuchPathInside(f"{path!r} is not there")


def _file(name: bytes) -> Entry:
    return Entry(name=name, kind=EntryKind.FILE, size=1 << 20, mode=stat.S_IFREG | 0o755, inode=0)
