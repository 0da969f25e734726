"""A folder beside a result, for what is not finished; nothing of it is left at the end."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgkit.files.sparse import local_error
from imgkit.files.whole import PARTIAL_SUFFIX


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder on the target's own file system. What a killed run left of it is removed first.

    Raises NoRoom, NotAccessible.
    """
    folder = target.with_name(target.name + PARTIAL_SUFFIX)
    try:
        _remove(folder)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise local_error(error, target) from error
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
