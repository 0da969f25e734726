"""Configuration files that include others by patterns: read in their order, each once, never without end."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, as_path, as_text
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

MOST_FILES = 500
_MOST_DEPTH = 12
_MOST_MATCHES = 500
_FILE_BYTES = MiB
_MOST_SETTINGS = 200_000  # lines and what ends with a semicolon, of all files together

Includes = Callable[[Content], Iterator[str]]


def read_with_included(gathering: Gathering, path: bytes, includes: Includes, *, base: bytes) -> Iterator[Content]:
    """Yield a file and all that it includes.

    `includes` names the patterns in a file; relative ones begin
    at `base`.
    """
    read: set[bytes] = set()
    waiting = [(path, 0)]
    settings = 0
    while waiting:
        here, depth = waiting.pop(0)
        if here in read:
            continue
        if len(read) >= MOST_FILES or depth > _MOST_DEPTH:
            gathering.lack(f"{as_text(path)} includes more files than this version reads")
            return
        read.add(here)
        content = gathering.read(here, limit=_FILE_BYTES)
        if content is None:
            continue
        settings += content.data.count(b"\n") + content.data.count(b";")
        if settings > _MOST_SETTINGS:
            gathering.lack(f"{as_text(here)} and what comes after it were left out: there are too many settings")
            return
        yield content
        patterns = [as_path(one) for one in includes(content) if "\0" not in one]
        found = [one for pattern in patterns[:_MOST_MATCHES] for one in expand(gathering, pattern, base=base)]
        waiting[:0] = [(one, depth + 1) for one in found]


def expand(gathering: Gathering, pattern: bytes, *, base: bytes) -> Iterator[bytes]:
    """Yield the files that a pattern means: stars in its folders or its name; a folder stands for all in it."""
    pattern = pattern if pattern.startswith(b"/") else base.rstrip(b"/") + b"/" + pattern
    folders = [b""]
    *parents, name = [part for part in pattern.split(b"/") if part] or [b""]
    for part in parents:
        folders = [one for folder in folders for one in _matching(gathering, folder, part, kind=EntryKind.FOLDER)]
        folders = folders[:_MOST_MATCHES]
    for folder in folders:
        yield from _matching(gathering, folder, name, kind=None)


def _matching(gathering: Gathering, folder: bytes, pattern: bytes, *, kind: EntryKind | None) -> Iterator[bytes]:
    if not any(sign in pattern for sign in b"*?["):
        yield folder + b"/" + pattern
        return
    wanted = as_text(pattern)
    stars = wanted.count("*")
    for entry in gathering.folder(folder or b"/") if stars <= 4 else ():
        if fnmatchcase(as_text(entry.name), wanted) and (kind is None) != (entry.kind is EntryKind.FOLDER):
            yield folder + b"/" + entry.name
