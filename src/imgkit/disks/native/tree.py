"""The file tree of a machine inside the child: paths resolved over all its file systems, never outside of them."""

import stat
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from imgkit.disks.native.reader import BROKEN, FileSystemReader, Name, Row, Stretch
from imgkit.errors import CannotLookInside, NoSuchPathInside

MOST_HOPS = 40
_NAMES_KEPT = 300_000
_PATHS_KEPT = 512
_MOST_PARTS = 64
NO_NAMES = frozenset({b"", b".", b".."})  # parts of a path that lead elsewhere than to a name


class Spot(NamedTuple):
    """An inode of one of the file systems."""

    file_system: int
    inode: int


class Listed(NamedTuple):
    """One name and what it is; `row` is None where its inode could not be read."""

    name: bytes
    file_system: int
    row: Row | None


class Way(NamedTuple):
    """How a path leads from the root to where it ends, and how many links were followed for it."""

    spots: tuple[Spot, ...]
    hops: int


class Tree:
    """File systems by their numbers, the root's first; others cover folders of it."""

    def __init__(self, root: int, readers: Mapping[int, FileSystemReader]) -> None:
        self._readers = dict(readers)
        self._root = Spot(root, readers[root].root)
        self._covers: dict[Spot, Spot] = {}
        self._folders: OrderedDict[Spot, dict[bytes, int]] = OrderedDict()
        self._known_folders: set[Spot] = set()
        self._kept = 0
        self._resolved: OrderedDict[bytes, Way] = OrderedDict()

    def mount(self, number: int, folder: bytes) -> None:
        """Cover a folder with another file system. Raises NoSuchPathInside, CannotLookInside."""
        spot = self._find(folder, follow=True)
        if not stat.S_ISDIR(self._row(spot).mode):
            raise NoSuchPathInside("it is no folder")
        self._covers[spot] = Spot(number, self._readers[number].root)
        self._resolved.clear()

    def stat(self, path: bytes) -> Listed:
        spot = self._find(path, follow=False)
        return Listed(path.rstrip(b"/").rpartition(b"/")[2], spot.file_system, self._row(spot))

    def list_folder(self, path: bytes) -> Iterator[Listed]:
        """Yield a folder's entries, sorted by name."""
        folder = self._require_folder(self._find(path, follow=True))
        for name, inode in sorted(self._names_of(folder).items()):
            spot = self._covered(Spot(folder.file_system, inode))
            row = self._row_or_none(spot)
            if row is not None and stat.S_ISDIR(row.mode) and len(self._known_folders) < _NAMES_KEPT:
                self._known_folders.add(spot)
            yield Listed(name, spot.file_system, row)

    def read(self, path: bytes, offset: int, length: int) -> tuple[int, Iterator[bytes]]:
        """Return a regular file's size, and these of its bytes."""
        spot = self._find(path, follow=True)
        row = self._row(spot)
        if not stat.S_ISREG(row.mode):
            raise CannotLookInside("it is not a regular file")
        return row.size, self._readers[spot.file_system].parts(spot.inode, offset, length)

    def stored(self, path: bytes) -> Iterator[Stretch]:
        """Yield what of a regular file is more than a hole."""
        spot = self._find(path, follow=True)
        if not stat.S_ISREG(self._row(spot).mode):
            raise CannotLookInside("it is not a regular file")
        return self._readers[spot.file_system].stored(spot.inode)

    def read_link(self, path: bytes) -> bytes:
        spot = self._find(path, follow=False)
        if not stat.S_ISLNK(self._row(spot).mode):
            raise CannotLookInside("it is no link")
        return self._readers[spot.file_system].link_target(spot.inode)

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        spot = self._find(path, follow=False)
        return self._readers[spot.file_system].xattrs(spot.inode)

    def lacking(self, path: bytes) -> tuple[bytes, Sequence[bytes]] | None:
        """Return the folder that lacks what a path needs, and all names that it has; None where that is not why."""
        folder = b""
        for part in path.rstrip(b"/").split(b"/")[1:_MOST_PARTS]:
            if part in NO_NAMES:
                return None
            names = self._names_of(self._require_folder(self._way(folder).spots[-1]))
            if part not in names:
                return folder, tuple(names)
            folder += b"/" + part
        return None

    def _find(self, path: bytes, *, follow: bool) -> Spot:
        """Walk a path from the root; links on the way are followed, the last one only if wanted."""
        folder, _, last = path.rstrip(b"/").rpartition(b"/")
        return self._walk(self._way(folder), last, follow=follow).spots[-1]

    def _way(self, folder: bytes) -> Way:
        """Return the way to a folder, from the nearest one above it that is known: a deep tree is not quadratic.

        The links before that one count as well: what is known by chance changes no answer.
        """
        known, above = self._resolved.get(folder), folder
        while known is None and above:
            above = above.rpartition(b"/")[0]
            known = self._resolved.get(above)
        if known is None:
            known = Way((self._covered(self._root),), 0)
        if above != folder:
            known = self._resolved[folder] = self._walk(known, folder[len(above) :], follow=True)
            if len(self._resolved) > _PATHS_KEPT:
                self._resolved.popitem(last=False)
        return known

    def _walk(self, way: Way, path: bytes, *, follow: bool) -> Way:
        stack, hops = list(way.spots), way.hops
        waiting = path.split(b"/")[::-1]
        while waiting:
            part = waiting.pop()
            if part in {b"", b"."}:
                continue
            folder = self._require_folder(stack[-1])
            if part == b"..":
                if len(stack) > 1:
                    stack.pop()
                continue
            spot = self._covered(self._child(folder, part))
            if (follow or any(waiting)) and self._is_link(spot):
                hops += 1
                if hops > MOST_HOPS:
                    raise CannotLookInside(f"more than {MOST_HOPS} links lead from one to the next")
                target = self._readers[spot.file_system].link_target(spot.inode)
                if target.startswith(b"/"):
                    del stack[1:]
                waiting += target.split(b"/")[::-1]
                continue
            stack.append(spot)
        return Way(tuple(stack), hops)

    def _child(self, folder: Spot, name: bytes) -> Spot:
        inode = self._names_of(folder).get(name)
        if inode is None:
            raise NoSuchPathInside("there is nothing of that name")
        return Spot(folder.file_system, inode)

    def _names_of(self, folder: Spot) -> dict[bytes, int]:
        found = self._folders.get(folder)
        return self._remember(folder) if found is None else found

    def _remember(self, folder: Spot) -> dict[bytes, int]:
        names = dict(self._distinct(self._readers[folder.file_system].names(folder.inode)))
        self._folders[folder] = names
        self._kept += len(names) + 1
        while self._kept > _NAMES_KEPT and len(self._folders) > 1:
            self._kept -= len(self._folders.popitem(last=False)[1]) + 1
        return names

    def _distinct(self, names: Sequence[Name]) -> list[Name]:
        """Of two entries with one name the first is what a path leads to, and the other cannot be reached."""
        seen: set[bytes] = set()
        return [one for one in names if not (one.name in seen or seen.add(one.name))]  # type: ignore[func-returns-value]

    def _is_link(self, spot: Spot) -> bool:
        return spot not in self._known_folders and stat.S_ISLNK(self._row(spot).mode)

    def _require_folder(self, spot: Spot) -> Spot:
        if spot not in self._known_folders and not stat.S_ISDIR(self._row(spot).mode):
            raise NoSuchPathInside("it is no folder")
        return spot

    def _covered(self, spot: Spot) -> Spot:
        for _ in range(len(self._covers)):  # one may lie over another, and on a hostile machine over itself
            spot = self._covers.get(spot, spot)
        return spot

    def _row(self, spot: Spot) -> Row:
        return self._readers[spot.file_system].row(spot.inode)

    def _row_or_none(self, spot: Spot) -> Row | None:
        try:
            return self._row(spot)
        except BROKEN:
            return None
