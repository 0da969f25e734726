"""An archive read a second time, for a program that takes its file more slowly than we do."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from imgkit.archives.layers import Layers
from imgkit.archives.source import open_source
from imgkit.archives.tar_reader import Hole, Member, TarReader
from imgkit.errors import ArchiveDamaged
from imgkit.model.unpacked import ArchiveKind
from imgkit.units import KiB

ReadAgain = Callable[[Member], Iterator[memoryview | Hole]]
"""Gives the content of a member once more, from the archive itself.

Nothing, as an empty run, comes at every step on the way there: whoever takes the runs can stop at any of them.
"""

_SMALLEST_RUN_BYTES = 32 * KiB  # on average; below it is the interpreter that bounds both readings, and they share it
_NOTHING = memoryview(b"")
_QUICKLY_READ = {ArchiveKind.GZIP, ArchiveKind.TAR}


def second_reading(path: Path, kind: ArchiveKind) -> ReadAgain | None:
    """Return how to read an archive again; None where that costs more than it saves.

    xz, bzip2 and Zstandard are inflated more slowly than GNU tar writes, and one core has no time for it. What
    /dev/stdin gives has one place for both readings on some systems.
    """
    if kind not in _QUICKLY_READ or (os.cpu_count() or 1) == 1 or path.is_relative_to("/dev"):
        return None
    first = _identity(path)
    return lambda member: _runs(path, first, member)


def is_worth_it(member: Member) -> bool:
    """Say whether a member's content comes in pieces that are worth a second reading."""
    segments = len(member.sparse) if member.sparse is not None else 1
    return member.stored_bytes >= segments * _SMALLEST_RUN_BYTES


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _runs(path: Path, first: tuple[int, int], member: Member) -> Iterator[memoryview | Hole]:
    with open_source(path) as source:
        if _identity(path) != first:
            raise ArchiveDamaged("another archive took its place while it was read")
        reader = TarReader(Layers(source).stream)
        for found in reader:
            if found.content_at == member.content_at:
                yield from reader.runs(found)
                return
            for _ in reader.runs(found):
                yield _NOTHING
    raise ArchiveDamaged("the archive changed while it was read")
