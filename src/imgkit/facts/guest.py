"""Reading inside a disk with limits, each file with its digest; and the lines and words of text files."""

import hashlib
import io
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from imgkit.errors import NoSuchPathInside
from imgkit.facts.room import Room
from imgkit.facts.secrets import MASK, redact, redact_value
from imgkit.model.fact import Source
from imgkit.model.tree import Entry, EntryKind
from imgkit.ports import FileTree
from imgkit.units import MiB

CONFIG_BYTES = 8 * MiB
_IN_MEMORY_BYTES = 96 * MiB


@runtime_checkable
class ReadsInParts(Protocol):
    """A file tree that can also give a file piece by piece, which keeps a large one out of memory."""

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        """Yield a regular file's first `limit` bytes at most, following links inside the tree."""
        ...


@runtime_checkable
class ReadsAt(Protocol):
    """A file tree that can also read in the middle of a file, which a sparse one of terabytes needs."""

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        """Return at most `length` bytes from `offset` on, following links inside the tree."""
        ...


@runtime_checkable
class ListsAhead(Protocol):
    """A file tree that can list a folder while we are still busy with something else."""

    def will_walk(self) -> None:
        """Take note that all folders are listed later: breadth first, in the order of names."""
        ...

    def list_walked(self, path: bytes) -> Sequence[Entry]:
        """Return what `list_folder` does, in that order."""
        ...


@runtime_checkable
class ReadsMany(Protocol):
    """A file tree that can read several small files in one question."""

    def will_read(self, paths: Sequence[bytes]) -> None:
        """Take note that these files are read soon, in about this order; some may not be there, or never be read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of a file, at most as many as were asked for, and where they came from."""

    data: bytes
    source: Source

    @property
    def text(self) -> str:
        """The content as text; bytes that are no UTF-8 stay as surrogates."""
        return as_text(self.data)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines with their numbers from 1, without their ends and without surrounding blanks."""
        for number, line in enumerate(io.BytesIO(self.data), start=1):
            yield number, as_text(line).strip(" \t\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A file tree and the name that reports give it; `scratch` is a folder of ours for copies of databases.

    Passwords and tokens in what the facts quote are masked unless `include_secrets`. All guests of one report share its
    `room`.
    """

    tree: FileTree
    label: str
    scratch: Path | None = None
    include_secrets: bool = False
    room: Room = field(default_factory=Room)

    def read(self, path: bytes, *, limit: int = CONFIG_BYTES) -> Content:
        """Read a file, following links inside. Raises NoSuchPathInside, CannotLookInside."""
        data = self.tree.read_file(path, limit=limit + 1)
        truncated = len(data) > limit
        if truncated:
            data = data[:limit]
        digest = hashlib.sha256(data).hexdigest()
        source = Source(tree=self.label, path=path, sha256=digest, size=len(data), truncated=truncated)
        return Content(data=data, source=source)

    def will_read(self, paths: Sequence[bytes]) -> None:
        """Say which files are read soon; it changes nothing but how long that takes."""
        if isinstance(self.tree, ReadsMany):
            self.tree.will_read(paths)

    def quote(self, text: str) -> str:
        """Return a line of a file as a report may show it: cut where it is endless, secrets masked unless wanted."""
        longest = self.room.longest_quote(len(text))
        if len(text) > longest:
            text = f"{text[:longest]} [{len(text) - longest} more characters]"
        return text if self.include_secrets else redact(text)

    def quote_value(self, name: str, value: str) -> str:
        """Return the value of a setting as a report may show it: its name tells whether it is a secret."""
        return self.quote(value) if self.include_secrets else redact_value(name, self.quote(value))

    def quote_option(self, option: str) -> str:
        """Return one of mount's options as a report may show it: `password=***`, `user=name%***`."""
        name, equals, value = option.partition("=")
        if not equals or self.include_secrets:
            return self.quote(option)
        shown = self.quote_value(name, value)
        login, percent, _ = shown.partition("%")
        return f"{name}={login}%{MASK}" if percent and name in {"user", "username"} else f"{name}={shown}"

    def read_first(self, *paths: bytes, limit: int = CONFIG_BYTES) -> Content | None:
        """Read the first of these that is there, or return None. Raises CannotLookInside where one cannot be read."""
        for path in paths:
            try:
                return self.read(path, limit=limit)
            except NoSuchPathInside:
                continue
        return None

    def copy(self, path: bytes, target: Path, *, limit: int) -> Source:
        """Copy a file out for a program or library that needs one. Raises NoSuchPathInside, CannotLookInside."""
        limit = limit if isinstance(self.tree, ReadsInParts) else min(limit, _IN_MEMORY_BYTES)
        digest = hashlib.sha256()
        size = 0
        truncated = False
        with target.open("xb") as out:
            for part in self.parts(path, limit=limit + 1):
                kept = part[: limit - size]
                truncated = truncated or len(kept) < len(part)
                out.write(kept)
                digest.update(kept)
                size += len(kept)
        return Source(tree=self.label, path=path, sha256=digest.hexdigest(), size=size, truncated=truncated)

    def parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        """Yield a file's first `limit` bytes at most, in pieces where the tree can. Raises as `read` does."""
        if isinstance(self.tree, ReadsInParts):
            yield from self.tree.read_parts(path, limit=limit)
        else:
            yield self.tree.read_file(path, limit=limit)

    def folder(self, path: bytes) -> Sequence[Entry] | None:
        """List a folder, or return None where there is none. Raises CannotLookInside."""
        try:
            return self.tree.list_folder(path)
        except NoSuchPathInside:
            return None

    def link_target(self, path: bytes) -> bytes | None:
        """Return where a link points, or None where there is no link. Raises CannotLookInside."""
        try:
            is_link = self.tree.stat(path).kind is EntryKind.LINK
            return self.tree.read_link(path) if is_link else None
        except NoSuchPathInside:
            return None


def as_text(data: bytes) -> str:
    """Return bytes as text; what is no UTF-8 stays as surrogates."""
    return data.decode("utf-8", "surrogateescape")


def as_path(text: str) -> bytes:
    """Return the bytes that `as_text` was given; what no bytes are read as (JSON has such signs) is replaced."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def first_word(line: str) -> tuple[str, str]:
    """Return a line's first word and all that follows it."""
    word, rest = [*line.split(None, 1), "", ""][:2]
    return word, rest


def parse_number(text: str, *, largest: int = 2**32 - 1) -> int | None:
    """Read a plain decimal number, or return None where it is none or beyond `largest`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        return None
    number = int(text)
    return number if number <= largest else None


def moment(seconds: float) -> datetime | None:
    """Return seconds since 1970 as UTC, or None where a calendar has no such time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def moment_ns(nanoseconds: int) -> datetime | None:
    """Return nanoseconds since 1970 as UTC, cut to microseconds, or None where a calendar has no such time."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None


def mode_words(entry: Entry) -> str:
    """Return the permissions as `ls` shows them, without the kind: `rwxr-xr-x`."""
    return stat.filemode(stat.S_IMODE(entry.mode))[1:]
