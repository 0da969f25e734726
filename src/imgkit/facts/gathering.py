"""What many files give together: a fact that names all of them, what could not be had, and what stands out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.bounded import Words, at_most
from imgkit.facts.guest import CONFIG_BYTES, Content, Guest, as_text
from imgkit.facts.line_stream import FileStream
from imgkit.model.fact import Fact, Source
from imgkit.model.tree import Entry, EntryKind
from imgkit.units import MiB

MOST_BYTES = 32 * MiB
MOST_FILES = 50_000
MOST_STREAMED = 1024 * MiB  # of programs, for their digests
MOST_ENTRIES = 2_000_000  # that are listed, also again and again: patterns may name a folder a thousand times
MOST_LINES = 500_000
MOST_ODD_LINES = 10_000
_MOST_TARGETS = 1000
_BRIEF = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A name in a folder with its whole path; `entry` is the name itself, a link where it is one."""

    path: bytes
    entry: Entry


class Gathering:
    """One look at many files. What is not there is nothing; what cannot be read is lacking, and the look goes on."""

    def __init__(self, guest: Guest, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
        self.guest = guest
        self._bytes_left = most_bytes
        self._files_left = most_files
        self._entries_left = MOST_ENTRIES
        self._streamed_left = MOST_STREAMED
        self._sources: dict[bytes, Source] = {}
        self._targets: dict[bytes, bytes | None] = {}
        self._lacking = Words()
        self._remarks = Words()
        self._odd_lines: Counter[bytes] = Counter()

    def read(self, path: bytes, *, limit: int = CONFIG_BYTES) -> Content | None:
        """Read a file, or return None where there is none; one that cannot be read is lacking."""
        if self._files_left <= 0 or self._bytes_left <= 0:
            self.lack("there are more files, or larger ones, than this version reads; the rest was left out")
            return None
        try:
            content = self.guest.read(path, limit=limit)
        except NoSuchPathInside:
            return None
        except CannotLookInside as error:
            self.lack(error.message)
            return None
        self._files_left -= 1
        self._bytes_left -= len(content.data) + len(path)
        self._sources[path] = content.source
        return content

    def read_beginning(self, path: bytes, *, limit: int) -> Content | None:
        """Do the same for a file of which the beginning tells enough; its source is all of it."""
        if self._files_left <= 0 or self._bytes_left <= 0:
            return self.read(path, limit=limit)
        stream = FileStream(self.guest, path, limit=max(limit, self._streamed_left))
        kept = bytearray()
        try:
            for part in stream.parts():
                kept += part[: limit - len(kept)]
        except NoSuchPathInside:
            return None
        except CannotLookInside as error:
            self.lack(error.message)
            return None
        source = stream.source
        self._files_left -= 1
        self._bytes_left -= len(kept) + len(path)
        self._streamed_left -= source.size
        self._sources[path] = source
        return Content(data=bytes(kept), source=source)

    def folder(self, path: bytes) -> Sequence[Entry]:
        """List a folder; one that is not there is empty, one that cannot be listed is lacking."""
        if self._entries_left <= 0:
            self.lack("there are more folders, or larger ones, than this version lists; the rest was left out")
            return ()
        try:
            found = self.guest.folder(path) or ()
        except CannotLookInside as error:
            self.lack(error.message)
            return ()
        self._entries_left -= len(found)
        return found

    def list_at_most(self, entries: int) -> None:
        """List no more than so many names from here on."""
        self._entries_left = min(self._entries_left, entries)

    def names(self, folder: bytes, *, suffix: bytes = b"") -> Iterator[Found]:
        """Yield what a folder holds, but folders, in the order of names."""
        for entry in self.folder(folder):
            if entry.kind is not EntryKind.FOLDER and entry.name.endswith(suffix):
                yield Found(path=folder.rstrip(b"/") + b"/" + entry.name, entry=entry)

    def stat(self, path: bytes) -> Entry | None:
        """Describe what is there, a link itself, or return None where there is nothing."""
        try:
            return self.guest.tree.stat(path)
        except NoSuchPathInside:
            return None
        except CannotLookInside as error:
            self.lack(error.message)
            return None

    def link_target(self, path: bytes) -> bytes | None:
        """Return where a link points, None where there is no link; it may be asked for again and again."""
        if path not in self._targets:
            if len(self._targets) >= _MOST_TARGETS:
                self._targets.clear()
            self._targets[path] = self._target_of(path)
        return self._targets[path]

    def _target_of(self, path: bytes) -> bytes | None:
        try:
            return self.guest.link_target(path)
        except CannotLookInside as error:
            self.lack(error.message)
            return None

    def lines(self, content: Content | None) -> Iterator[tuple[int, str]]:
        """Yield the lines of a file; one of nothing but lines that cannot be understood ends early, and is lacking."""
        path = content.source.path if content is not None else b""
        for number, line in content.lines() if content is not None else ():
            if number > MOST_LINES or self._odd_lines[path] > MOST_ODD_LINES:
                self.lack(f"{as_text(path)}: lines from {number} on were left out")
                return
            yield number, line

    def first(self, found: Iterable[T], most: int, what: str) -> tuple[T, ...]:
        """Return the first of what is found; that there is more is lacking."""
        kept, more = at_most(found, most)
        if more:
            self.lack(f"only the first {len(kept)} {what} are given")
        return tuple(kept)

    def lack(self, words: str) -> None:
        """Say what the fact lacks: it becomes partial."""
        self._lacking.add(words)

    def lack_line(self, path: bytes, number: int, words: str) -> None:
        """Say that a line of a file could not be understood."""
        self._odd_lines[path] += 1
        self.lack(f"{as_text(path)} line {number}: {words}")

    def remark(self, words: str) -> None:
        """Say what stands out in what was found; secrets are masked as in all that is quoted."""
        if not self._remarks.full:
            words = self.guest.quote(words)
        self._remarks.add(words)

    def brief(self, text: str) -> str:
        """Return the beginning of a line for a remark, masked before it is cut: half a secret is not known for one."""
        return text[:_BRIEF] if self._remarks.full else self.guest.quote(text)[:_BRIEF]

    def add_source(self, source: Source) -> None:
        """Name a file that was read in another way."""
        self._sources[source.path] = source

    def fact(self, value: tuple[T, ...], *, nothing: str) -> Fact[tuple[T, ...]]:
        """Return the fact; `nothing` says what it means that no file was there."""
        if value:
            return self._present(value)
        return self.one(value, nothing=nothing)

    def one(self, value: T, *, nothing: str) -> Fact[T]:
        """Return the fact of a value that is there as soon as any file was."""
        lacking = self._lacking.all()
        if not self._sources:
            return Fact.undetermined("; ".join(lacking)) if lacking else Fact.absent(nothing)
        return self._present(value)

    def _present(self, value: T) -> Fact[T]:
        sources = tuple(source for _, source in sorted(self._sources.items()))
        lacking = self._lacking.all()
        return Fact.present(value, partial=bool(lacking), notes=lacking, remarks=self._remarks.all(), sources=sources)
