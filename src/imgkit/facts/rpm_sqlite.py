"""The packages in rpm's sqlite database, read from a private copy that is not trusted."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imgkit.facts.rpm_database import BLOB_BYTES, BadDatabase
from imgkit.units import MiB

_LOG_BYTES = 512 * MiB
_STEPS_BETWEEN_LOOKS = 100_000
_MOST_LOOKS = 1_000


def sqlite_blobs(copy: Path, *, replay: bool) -> Iterator[bytes]:
    """Yield header blobs; `replay` takes in what waits in the log beside the copy. Raises BadDatabase, also after some.

    Without a log the copy is read as it stands, without even looking for one.
    """
    try:
        yield from _blobs(copy, replay=replay)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # sqlite quotes damaged text in its own words
        raise BadDatabase(str(error)) from error


def _blobs(copy: Path, *, replay: bool) -> Iterator[bytes]:
    uri = f"{copy.as_uri()}?mode={'rw' if replay else 'ro&immutable=1'}"
    left = copy.stat().st_size + _LOG_BYTES * replay
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        _restrain(database)
        _demand_real_table(database)
        for (blob,) in database.execute("SELECT blob FROM main.Packages NOT INDEXED ORDER BY hnum"):
            header = blob if isinstance(blob, bytes) else b""
            left -= len(header)
            if left < 0:
                raise BadDatabase("its packages take more room than its file")
            yield header


def _restrain(database: sqlite3.Connection) -> None:
    """A file from evidence may be made to trap its reader: no schema code, no huge values, no endless query."""
    looks = iter(range(_MOST_LOOKS))
    database.set_progress_handler(lambda: next(looks, None) is None, _STEPS_BETWEEN_LOOKS)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BLOB_BYTES)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA mmap_size = 0")


def _demand_real_table(database: sqlite3.Connection) -> None:
    """Refuse a view or a virtual table under the name of the real one: those would run the file's own queries."""
    row: Any = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'Packages' COLLATE NOCASE AND type = 'table' AND rootpage > 0"
    ).fetchone()
    if row != (1,):
        raise BadDatabase("it has no table of packages")
