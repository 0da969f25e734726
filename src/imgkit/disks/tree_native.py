"""The files of one machine through imgkit's own engine: a child process reads, this side asks as little as it can."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from imgkit.disks.native.client import Absent, AskAgain, ReadingChild, ReadingStopped
from imgkit.disks.native.known_names import KnownNames
from imgkit.disks.native.small_files import SmallFiles
from imgkit.disks.native.wire import (
    ABOUT_ONE_PATH,
    LARGEST_REQUEST,
    Garbled,
    What,
    decode_entries,
    decode_pairs,
    decode_stretches,
)
from imgkit.errors import CannotLookInside, NeedsKey, NoSuchPathInside
from imgkit.model.tree import Entry
from imgkit.safe_text import safe_name
from imgkit.units import MiB

_PART_BYTES = 1 * MiB
_NAMES_A_QUESTION = 500
_MOST_STOPPED = 3  # each may have taken a minute

T = TypeVar("T")
Plan = tuple[tuple[str, bytes], ...]


class NativeTree:
    """The `FileTree` port over one plan of mounts; also reads in parts."""

    def __init__(self, child: ReadingChild, plan: Plan) -> None:
        self._child = child
        self._plan = plan
        self._number = 0
        self._generation = 0
        self._failed: list[str] = []
        self._stopped = 0
        self._walks = 0  # which child walks ahead, by its generation; 0 for none
        self._walked: dict[bytes, list[bytes]] = {}
        self._small = SmallFiles(self._read_small)
        self._known = KnownNames()

    def failed(self) -> list[str]:
        """Return why each of the plan's mounts failed, empty for those that did not."""
        until_asked(self._made)
        return self._failed

    def stat(self, path: bytes) -> Entry:
        frames = self._ask(What.STAT, "describe", path)
        return decoded(lambda: decode_entries(frames[0])[0])

    def will_walk(self) -> None:
        """Let the child list all folders ahead of a walk, while it is asked nothing."""
        if not self._walks:
            with suppress(CannotLookInside, NoSuchPathInside, NeedsKey):  # whoever asks for a folder will find out
                self._walks = until_asked(lambda: self._child.go_ahead(self._made())) and self._generation

    def list_walked(self, path: bytes) -> Sequence[Entry]:
        """Return what `list_folder` does, and most quickly where the folders are those of a walk in its order."""
        if not self._child.goes_ahead:
            self._walked.clear()  # how much one had listed that ended is a matter of chance
        elif not self._walked and self._walks == self._child.generation:
            self._take_walked()
        frames = self._walked.pop(path, None)
        return self.list_folder(path) if frames is None else _entries(frames)

    def _take_walked(self) -> None:
        """Take what the child has listed by now; where it ends over that, a new one is asked folder by folder."""
        with suppress(CannotLookInside, AskAgain):
            answer = b"".join(self._child.ask(What.WALKED, b"", tree=self._number))
            for path, entries in decoded(lambda: tuple(decode_pairs(answer))):
                self._walked.setdefault(path, []).append(entries)
        if not self._walked:
            self._walks = 0

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        return _entries(self._ask(What.LIST, "list", path))

    def will_read(self, paths: Sequence[bytes]) -> None:
        """Let files that are small be read many at once, when the first of them is asked for."""
        self._small.expect(paths)

    def _read_small(self, paths: Sequence[bytes]) -> dict[bytes, bytes]:
        """Read several files; those that are large, or cannot be read, are missing, and nobody is blamed for it."""
        if self._child.failures:
            return {}  # one of them may be the reason: each is asked for by itself
        stopped = self._stopped
        try:
            return _pairs(self._ask(What.READ_SMALL, "read", b"\0".join(paths)))
        except (CannotLookInside, NoSuchPathInside, NeedsKey):
            self._stopped = stopped
            return {}

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        found = io.BytesIO()  # joining a list of the parts would hold all of them twice
        for part in self.read_parts(path, limit=limit):
            found.write(part)
        return found.getvalue()

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        """Yield a regular file's first `limit` bytes at most in pieces, following links inside the tree."""
        known = self._small.take(path)
        if known is not None:
            if known[:limit]:
                yield known[:limit]
            return
        done = 0
        while True:
            answer = b"".join(self._ask(What.READ, "read", path, offset=done, count=min(_PART_BYTES, limit - done)))
            size = int.from_bytes(answer[:8], "little")
            done += len(answer) - 8
            if len(answer) - 8 == _PART_BYTES and done < min(size, limit):
                self._child.expect(
                    What.READ, path, tree=self._number, offset=done, count=min(_PART_BYTES, limit - done)
                )
            if len(answer) > 8:
                yield answer[8:]
            if done >= min(size, limit):
                return
            if len(answer) == 8:
                raise CannotLookInside(f"{safe_name(path)} ends at byte {done}, and should have {size}")

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        """Return at most `length` bytes of a regular file from `offset` on, fewer where it ends."""
        parts: list[bytes] = []
        while length > 0:
            answer = b"".join(self._ask(What.READ, "read", path, offset=offset, count=min(_PART_BYTES, length)))
            part = answer[8:]
            if not part:
                break
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def stored(self, path: bytes, *, most: int) -> Sequence[tuple[int, int]]:
        """Return the first `most` stretches of a regular file, offset and length, that are more than holes."""
        frames = self._ask(What.STORED, "find the content of", path, count=most)
        return decoded(lambda: decode_stretches(b"".join(frames)))

    def read_link(self, path: bytes) -> bytes:
        return b"".join(self._ask(What.LINK, "read the link", path))

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        return _pairs(self._ask(What.XATTRS, "read the attributes of", path))

    def one_xattr(self, folder: bytes, names: Sequence[bytes], attribute: bytes) -> Mapping[bytes, bytes]:
        """Return an attribute's value of each of these names of a folder that has it; fails where one cannot be had."""
        found: dict[bytes, bytes] = {}
        stopped = self._stopped
        for start in range(0, len(names), _NAMES_A_QUESTION):
            some = names[start : start + _NAMES_A_QUESTION]
            try:
                frames = self._ask(What.ONE_XATTR, "read the attributes in", b"\0".join((folder, attribute, *some)))
            except CannotLookInside:
                self._stopped = stopped  # they are asked for one by one then, and the one at fault counts
                raise
            found |= _pairs(frames)
        return found

    def _ask(self, what: What, verb: str, path: bytes, *, offset: int = 0, count: int = 0) -> list[bytes]:
        if not path.startswith(b"/"):
            raise ValueError(f"a path inside a disk begins with a slash: {safe_name(path)}")
        if self._stopped >= _MOST_STOPPED:
            raise CannotLookInside(f"{safe_name(path)} was not tried: reading {self._plan[0][0]} failed too often")
        if what in ABOUT_ONE_PATH and self._known.lacks(path):
            raise NoSuchPathInside(f"there is no {_shown(path)} inside the disk")
        if len(path) > LARGEST_REQUEST:
            raise CannotLookInside(f"could not {verb} {_shown(path[:80])}… inside the disk: its path is too long")
        try:
            return until_asked(lambda: self._child.ask(what, path, tree=self._made(), offset=offset, count=count))
        except NoSuchPathInside as error:
            if isinstance(error, Absent) and error.lacking is not None:
                self._known.learn(*error.lacking)
            raise NoSuchPathInside(f"there is no {_shown(path)} inside the disk") from error
        except NeedsKey as error:
            raise NeedsKey(f"could not {verb} {_shown(path)} inside the disk: {error.message}") from error
        except CannotLookInside as error:
            self._stopped += isinstance(error, ReadingStopped)
            raise CannotLookInside(f"could not {verb} {_shown(path)} inside the disk: {error.message}") from error

    def _made(self) -> int:
        """Return the tree's number in the present child; a new child has to put it together anew."""
        self._child.ready()
        if self._generation != self._child.generation:
            plan = json.dumps([[place, folder.hex()] for place, folder in self._plan]).encode("ascii")
            answer = _json(self._child.ask(What.TREE, plan))
            self._number, self._failed = int(answer["tree"]), [str(one) for one in answer["failed"]]
            self._generation = self._child.generation
            self._known = KnownNames()  # it may have mounted more, or less
        return self._number


def _shown(path: bytes) -> str:
    return safe_name(path.split(b"\0")[0])


def until_asked(ask: Callable[[], T]) -> T:
    """Ask, and again where the child ended over something else; it does so only so often."""
    while True:
        try:
            return ask()
        except AskAgain:
            continue


def _json(frames: Sequence[bytes]) -> Any:
    return decoded(lambda: json.loads(b"".join(frames)))


def _pairs(frames: Sequence[bytes]) -> dict[bytes, bytes]:
    return decoded(lambda: dict(decode_pairs(b"".join(frames))))


def _entries(frames: Sequence[bytes]) -> Sequence[Entry]:
    return decoded(lambda: tuple(entry for frame in frames for entry in decode_entries(frame)))


def decoded(decode: Callable[[], T]) -> T:
    """A child that sends nonsense is no better than none."""
    try:
        return decode()
    except (Garbled, KeyError, IndexError, TypeError, ValueError) as error:
        raise CannotLookInside(f"the process that reads the disks gave a garbled answer: {error}") from error
