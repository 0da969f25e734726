"""What a file system without an operating system holds: its top, its largest and newest, and what it is used for."""

import heapq
from collections import Counter
from collections.abc import Sequence

from imgkit.facts.guest import Guest, mode_words, moment_ns
from imgkit.facts.holdings import MOST_HOLDINGS, HoldingsVisitor, describe_holdings
from imgkit.facts.ranking import Ranking
from imgkit.facts.walk import Walked
from imgkit.model.contents import Contents, FolderSize, FoundFile, TopEntry
from imgkit.model.fact import Fact
from imgkit.model.tree import Entry, EntryKind

MOST_TOP = 200
_MOST_NAMED = 20
_FOLDER_DEPTH = 4  # folders further down are counted in the one above them
_MOST_FOLDERS = 50_000
_MOST_LINKED = 1_000_000


class ContentsVisitor:
    """Counts on a walk; `describe_contents` says what it counted."""

    def __init__(self) -> None:
        self.top: list[Entry] = []
        self.top_total = 0
        self.kinds: Counter[EntryKind] = Counter()
        self.bytes_below: Counter[bytes] = Counter()
        self.files_below: Counter[bytes] = Counter()
        self.bytes_in_files = 0
        self.largest = Ranking(_MOST_NAMED)
        self.newest = Ranking(_MOST_NAMED)
        self.holdings = HoldingsVisitor()
        self._linked: set[tuple[int, int]] = set()

    def see(self, path: bytes, entry: Entry) -> None:
        self.kinds[entry.kind] += 1
        if path.count(b"/") == 1:
            self.top_total += 1
            if len(self.top) < MOST_TOP:
                self.top.append(entry)
        self.holdings.see(path, entry)
        if entry.kind is EntryKind.FILE:
            self._see_file(path, entry)

    def _see_file(self, path: bytes, entry: Entry) -> None:
        self.largest.add(entry.size, path, entry)
        self.newest.add(entry.modified_ns, path, entry)
        size = self._room(entry)
        self.bytes_in_files += size
        parts = path.split(b"/", _FOLDER_DEPTH + 1)
        for depth in range(2, len(parts) + 1):
            above = b"/".join(parts[:depth])
            if depth == 2 or (depth < len(parts) and (above in self.files_below or self._has_room())):
                self.bytes_below[above] += size
                self.files_below[above] += 1

    def _has_room(self) -> bool:
        return len(self.files_below) < _MOST_FOLDERS

    def _room(self, entry: Entry) -> int:
        """A file with two names takes its room once."""
        if entry.links < 2:
            return entry.size
        key = (entry.file_system, entry.inode)
        if key in self._linked:
            return 0
        if len(self._linked) < _MOST_LINKED:
            self._linked.add(key)
        return entry.size


def describe_contents(guest: Guest, seen: ContentsVisitor, walked: Walked) -> Fact[Contents]:
    """Return what the walk saw. A limit is a note; folders that could not be listed make the fact partial."""
    top = sorted(seen.top, key=lambda entry: entry.name)
    cut = f"only the first {MOST_TOP} of {seen.top_total} names at the top are given"
    holdings, sources = describe_holdings(guest, seen.holdings)
    found = Contents(
        whole=walked.whole,
        entries_seen=seen.kinds.total(),
        files=seen.kinds[EntryKind.FILE],
        folders=seen.kinds[EntryKind.FOLDER],
        links=seen.kinds[EntryKind.LINK],
        others=seen.kinds[EntryKind.OTHER],
        bytes_in_files=seen.bytes_in_files,
        top=tuple(_top_entry(seen, entry) for entry in top),
        largest=_found_files(seen.largest.ranked()),
        newest=_found_files(seen.newest.ranked()),
        large_folders=_large_folders(seen),
        holdings=holdings,
        kinds=seen.holdings.kinds(),
    )
    full = f"of databases, backups and their like only the first {MOST_HOLDINGS} are given"
    notes = (
        *walked.notes,
        *((cut,) if seen.top_total > MOST_TOP else ()),
        *((full,) if len(holdings) >= MOST_HOLDINGS else ()),
    )
    return Fact.present(found, partial=bool(walked.unlisted), notes=notes, sources=sources, beginnings_do=True)


def _large_folders(seen: ContentsVisitor) -> tuple[FolderSize, ...]:
    names = {b"/" + entry.name for entry in seen.top if entry.kind is not EntryKind.FOLDER}
    folders = ((path, size) for path, size in seen.bytes_below.items() if size and path not in names)
    chosen = heapq.nsmallest(_MOST_NAMED, folders, key=lambda one: (-one[1], one[0]))
    return tuple(FolderSize(path=path, bytes_below=size, files_below=seen.files_below[path]) for path, size in chosen)


def _top_entry(seen: ContentsVisitor, entry: Entry) -> TopEntry:
    return TopEntry(
        name=entry.name,
        kind=entry.kind,
        mode=mode_words(entry),
        uid=entry.uid,
        gid=entry.gid,
        modified=moment_ns(entry.modified_ns),
        bytes_below=seen.bytes_below[b"/" + entry.name],
        files_below=seen.files_below[b"/" + entry.name],
    )


def _found_files(ranked: Sequence[tuple[bytes, Entry]]) -> tuple[FoundFile, ...]:
    return tuple(FoundFile(path=path, size=entry.size, modified=moment_ns(entry.modified_ns)) for path, entry in ranked)
