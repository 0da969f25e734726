"""What a file system without an operating system holds: its top, its largest and its newest files."""

import heapq
from collections import Counter, deque
from collections.abc import Sequence

from imgkit.errors import CannotLookInside
from imgkit.facts.guest import Guest, as_text, mode_words, moment_ns
from imgkit.model.contents import Contents, FoundFile, TopEntry
from imgkit.model.fact import Fact
from imgkit.model.tree import Entry, EntryKind

MOST_ENTRIES = 50_000
MOST_FOLDERS = 2_000
_MOST_DEPTH = 64
_MOST_TOP = 200
_MOST_NAMED = 20


def read_contents(
    guest: Guest, *, most_entries: int = MOST_ENTRIES, most_folders: int = MOST_FOLDERS
) -> Fact[Contents]:
    """Walk from the top down to a limit. A limit is a note; folders that could not be listed make the fact partial."""
    walk = _Walk(guest, most_entries, most_folders)
    top = walk.run()
    limits = [walk.limit_hit] if walk.limit_hit else []
    if len(top) > _MOST_TOP:
        limits.append(f"only the first {_MOST_TOP} of {len(top)} names at the top are given")
    lost = _count_unlisted(walk.unlisted)
    return Fact.present(_contents(walk, top[:_MOST_TOP]), partial=bool(lost), notes=(*limits, *lost), sources=())


class _Walk:
    """Breadth first, in the order of names: what a limit leaves out lies deepest, and is the same every time."""

    def __init__(self, guest: Guest, most_entries: int, most_folders: int) -> None:
        self._guest = guest
        self._most_entries = most_entries
        self._most_folders = most_folders
        self.limit_hit = ""
        self.unlisted: list[str] = []
        self._seen_inodes: set[int] = set()
        self.kinds: Counter[EntryKind] = Counter()
        self.bytes_below: Counter[bytes] = Counter()
        self.files_below: Counter[bytes] = Counter()
        self.files: list[tuple[bytes, Entry]] = []

    def run(self) -> Sequence[Entry]:
        """Return the entries at the top. Raises CannotLookInside where not even they can be had."""
        top = self._guest.tree.list_folder(b"/")
        waiting: deque[bytes] = deque()
        self._take(b"/", top, waiting)
        listed = 1
        while waiting and not self.limit_hit:
            if listed >= self._most_folders:
                self.limit_hit = f"the walk ended after {listed} folders"
                break
            folder = waiting.popleft()
            listed += 1
            self._take(folder, self._list(folder), waiting)
        return top

    def _list(self, folder: bytes) -> Sequence[Entry]:
        try:
            return self._guest.tree.list_folder(folder.rstrip(b"/"))
        except CannotLookInside as error:
            self.unlisted.append(error.message)
            return ()

    def _take(self, folder: bytes, entries: Sequence[Entry], waiting: deque[bytes]) -> None:
        for entry in entries:
            if self.kinds.total() >= self._most_entries:
                self.limit_hit = f"the walk ended after {self._most_entries} entries"
                return
            self._count(folder + entry.name, entry)
            if entry.kind is EntryKind.FOLDER:
                self._descend(folder + entry.name + b"/", waiting)

    def _descend(self, folder: bytes, waiting: deque[bytes]) -> None:
        if folder.count(b"/") > _MOST_DEPTH:
            self.unlisted.append(f"{as_text(folder)} lies more than {_MOST_DEPTH} folders deep")
        else:
            waiting.append(folder)

    def _count(self, path: bytes, entry: Entry) -> None:
        self.kinds[entry.kind] += 1
        if entry.kind is not EntryKind.FILE:
            return
        at_top = path.split(b"/", 2)[1]
        self.files.append((path, entry))
        self.files_below[at_top] += 1
        if entry.links < 2 or entry.inode not in self._seen_inodes:  # a file with two names takes its room once
            self.bytes_below[at_top] += entry.size
            self._seen_inodes.add(entry.inode)


def _count_unlisted(reasons: Sequence[str]) -> tuple[str, ...]:
    return (f"{len(reasons)} folders could not be listed, the first because: {reasons[0]}",) if reasons else ()


def _contents(walk: _Walk, top: Sequence[Entry]) -> Contents:
    largest = heapq.nsmallest(_MOST_NAMED, walk.files, key=lambda found: (-found[1].size, found[0]))
    newest = heapq.nsmallest(_MOST_NAMED, walk.files, key=lambda found: (-found[1].modified_ns, found[0]))
    return Contents(
        whole=not walk.limit_hit and not walk.unlisted,
        entries_seen=walk.kinds.total(),
        files=walk.kinds[EntryKind.FILE],
        folders=walk.kinds[EntryKind.FOLDER],
        links=walk.kinds[EntryKind.LINK],
        others=walk.kinds[EntryKind.OTHER],
        bytes_in_files=walk.bytes_below.total(),
        top=tuple(_top_entry(walk, entry) for entry in top),
        largest=tuple(_found_file(*found) for found in largest),
        newest=tuple(_found_file(*found) for found in newest),
    )


def _top_entry(walk: _Walk, entry: Entry) -> TopEntry:
    return TopEntry(
        name=entry.name,
        kind=entry.kind,
        mode=mode_words(entry),
        uid=entry.uid,
        gid=entry.gid,
        modified=moment_ns(entry.modified_ns),
        bytes_below=walk.bytes_below[entry.name],
        files_below=walk.files_below[entry.name],
    )


def _found_file(path: bytes, entry: Entry) -> FoundFile:
    return FoundFile(path=path, size=entry.size, modified=moment_ns(entry.modified_ns))
