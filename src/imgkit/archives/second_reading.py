"""An archive read a second time, for a program that takes its file more slowly than we do."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from imgkit.archives.layers import Layers
from imgkit.archives.source import open_source
from imgkit.archives.tar_reader import Hole, Member, TarReader
from imgkit.errors import ArchiveDamaged
from imgkit.model.unpacked import ArchiveKind

ReadAgain = Callable[[Member], Iterator[memoryview | Hole]]
"""Gives the content of a member once more, from the archive itself."""

_QUICKLY_READ = {ArchiveKind.GZIP, ArchiveKind.TAR}


def second_reading(path: Path, kind: ArchiveKind) -> ReadAgain | None:
    """Return how to read an archive again; None where that costs more than it saves.

    xz, bzip2 and Zstandard are inflated more slowly than GNU tar writes, and one core has no time for it.
    """
    if kind not in _QUICKLY_READ or (os.cpu_count() or 1) == 1:
        return None
    return lambda member: _runs(path, member)


def _runs(path: Path, member: Member) -> Iterator[memoryview | Hole]:
    with open_source(path) as source:
        reader = TarReader(Layers(source).stream)
        for found in reader:
            if found.content_at == member.content_at:
                yield from reader.runs(found)
                return
    raise ArchiveDamaged("the archive changed while it was read")
