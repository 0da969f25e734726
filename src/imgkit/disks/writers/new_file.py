"""A new file for a writer, whose failures are put into words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imgkit.files.sparse import local_error
from imgkit.units import MiB


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Create `path`, which must not exist, for writing and seeking. Raises NoRoom and NotAccessible."""
    try:
        with open(path, "xb", buffering=MiB) as out:
            yield out
    except OSError as error:
        raise local_error(error, path) from error


def append(path: Path, content: bytes) -> None:
    """Write behind the end of a file that a writer has just made. Raises NoRoom and NotAccessible."""
    try:
        with path.open("ab") as out:
            out.write(content)
    except OSError as error:
        raise local_error(error, path) from error
