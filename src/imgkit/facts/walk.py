"""One walk over a file tree, which whoever wants to know something of all files subscribes to.

Breadth first, in the order of names: what a limit leaves out lies deepest, and is the same every time.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest, ListsAhead, as_text
from imgkit.model.tree import Entry, EntryKind

MOST_ENTRIES = 1_000_000
MOST_FOLDERS = 100_000
MOST_DEPTH = 128
_MOST_PATH_BYTES = 4096
_IMPOSSIBLE = {b"", b".", b".."}


class Visitor(Protocol):
    """Someone who wants to see every entry; `path` is whole and begins with a slash."""

    def see(self, path: bytes, entry: Entry) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """How far a walk went. A limit is a choice of ours; what could not be listed is a lack."""

    entries: int
    folders: int
    limit_hit: str
    unlisted: int
    first_reason: str

    @property
    def whole(self) -> bool:
        return not self.limit_hit and not self.unlisted

    @property
    def notes(self) -> tuple[str, ...]:
        """The words for it: the limit first."""
        lost = f"{self.unlisted} folders could not be listed, the first because: {self.first_reason}"
        return (*((self.limit_hit,) if self.limit_hit else ()), *((lost,) if self.unlisted else ()))


def prepare_walk(guest: Guest) -> None:
    """Let the tree list what it can until the walk comes, and in its order."""
    if isinstance(guest.tree, ListsAhead):
        guest.tree.will_walk()


def walk_tree(
    guest: Guest, visitors: Sequence[Visitor], *, most_entries: int = MOST_ENTRIES, most_folders: int = MOST_FOLDERS
) -> Walked:
    """Show every entry below the top to every visitor. Raises CannotLookInside where not even the top can be listed."""
    walk = _Walk(guest, visitors, most_entries, most_folders)
    walk.run()
    return Walked(
        entries=walk.entries,
        folders=walk.folders,
        limit_hit=walk.limit_hit,
        unlisted=walk.unlisted,
        first_reason=walk.first_reason,
    )


class _Walk:
    """Folders are told apart by inode: one that lies below itself, as a damaged disk may have it, is walked once."""

    def __init__(self, guest: Guest, visitors: Sequence[Visitor], most_entries: int, most_folders: int) -> None:
        self._guest = guest
        self._visitors = tuple(visitor.see for visitor in visitors)
        self._most_entries = most_entries
        self._most_folders = most_folders
        self._walked: set[tuple[int, int]] = set()
        self._waiting: deque[bytes] = deque()
        self._list_folder = guest.tree.list_walked if isinstance(guest.tree, ListsAhead) else guest.tree.list_folder
        self.entries = 0
        self.folders = 0
        self.limit_hit = ""
        self.unlisted = 0
        self.first_reason = ""

    def run(self) -> None:
        prepare_walk(self._guest)
        self._take(b"/", self._list_folder(b"/"))
        self.folders = 1
        while self._waiting and not self.limit_hit:
            if self.folders >= self._most_folders:
                self.limit_hit = f"the walk ended after {self.folders} folders"
                return
            folder = self._waiting.popleft()
            self.folders += 1
            self._take(folder, self._list(folder))

    def _list(self, folder: bytes) -> Sequence[Entry]:
        try:
            return self._list_folder(folder[:-1])
        except (CannotLookInside, NoSuchPathInside) as error:
            self._leave(error.message)
            return ()

    def _take(self, folder: bytes, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self.entries >= self._most_entries:
                self.limit_hit = f"the walk ended after {self._most_entries} entries"
                return
            self.entries += 1
            if entry.name in _IMPOSSIBLE or b"/" in entry.name:
                self._leave(f"{as_text(folder)} holds a name that no file can have")
                continue
            path = folder + entry.name
            for see in self._visitors:
                see(path, entry)
            if entry.kind is EntryKind.FOLDER:
                self._descend(path + b"/", entry)

    def _descend(self, folder: bytes, entry: Entry) -> None:
        key = (entry.file_system, entry.inode)
        if folder.count(b"/") > MOST_DEPTH or len(folder) > _MOST_PATH_BYTES:
            self._leave(f"{as_text(folder[:80])}… lies more than {MOST_DEPTH} folders deep, or its path is too long")
        elif entry.inode and key in self._walked:
            self._leave(f"{as_text(folder)} is a folder that was seen before under another name")
        else:
            self._walked.add(key)
            self._waiting.append(folder)

    def _leave(self, reason: str) -> None:
        self.unlisted += 1
        self.first_reason = self.first_reason or reason
