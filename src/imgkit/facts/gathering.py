"""What many files give together: a fact that names all of them, what could not be had, and what stands out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import CONFIG_BYTES, Content, Guest, as_text
from imgkit.model.fact import Fact, Source
from imgkit.model.tree import Entry, EntryKind
from imgkit.units import MiB

MOST_BYTES = 64 * MiB
MOST_FILES = 20_000
_MOST_WORDS = 50

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
        self._sources: dict[bytes, Source] = {}
        self._lacking: dict[str, None] = {}
        self._remarks: dict[str, None] = {}

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
        self._bytes_left -= len(content.data)
        self._sources[path] = content.source
        return content

    def folder(self, path: bytes) -> Sequence[Entry]:
        """List a folder; one that is not there is empty, one that cannot be listed is lacking."""
        try:
            return self.guest.folder(path) or ()
        except CannotLookInside as error:
            self.lack(error.message)
            return ()

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
        """Return where a link points, None where there is no link."""
        try:
            return self.guest.link_target(path)
        except CannotLookInside as error:
            self.lack(error.message)
            return None

    def lack(self, words: str) -> None:
        """Say what the fact lacks: it becomes partial."""
        self._lacking.setdefault(words)

    def lack_line(self, path: bytes, number: int, words: str) -> None:
        """Say that a line of a file could not be understood."""
        self.lack(f"{as_text(path)} line {number}: {words}")

    def remark(self, words: str) -> None:
        """Say what stands out in what was found; secrets are masked as in all that is quoted."""
        self._remarks.setdefault(self.guest.quote(words))

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
        lacking = _at_most(self._lacking)
        if not self._sources:
            return Fact.undetermined("; ".join(lacking)) if lacking else Fact.absent(nothing)
        return self._present(value)

    def _present(self, value: T) -> Fact[T]:
        sources = tuple(source for _, source in sorted(self._sources.items()))
        lacking = _at_most(self._lacking)
        return Fact.present(
            value, partial=bool(lacking), notes=lacking, remarks=_at_most(self._remarks), sources=sources
        )


def _at_most(words: dict[str, None]) -> tuple[str, ...]:
    kept = list(words)[:_MOST_WORDS]
    left = len(words) - len(kept)
    return (*kept, *((f"and {left} more of this kind",) if left else ()))
