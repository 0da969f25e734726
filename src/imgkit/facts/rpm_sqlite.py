"""The packages in rpm's sqlite database, read from a private copy that is not trusted."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from imgkit.facts.rpm_database import BLOB_BYTES, BadDatabase
from imgkit.facts.sqlite_guard import Unusable, demand_real_table, restrain
from imgkit.units import MiB

_LOG_BYTES = 512 * MiB


def sqlite_blobs(copy: Path, *, replay: bool) -> Iterator[bytes]:
    """Yield header blobs; `replay` takes in what waits in the log beside the copy. Raises BadDatabase, also after some.

    Without a log the copy is read as it stands, without even looking for one.
    """
    try:
        yield from _blobs(copy, replay=replay)
    except (sqlite3.Error, UnicodeDecodeError, Unusable) as error:  # sqlite quotes damaged text in its own words
        raise BadDatabase(str(error)) from error


def _blobs(copy: Path, *, replay: bool) -> Iterator[bytes]:
    uri = f"{copy.as_uri()}?mode={'rw' if replay else 'ro&immutable=1'}"
    left = copy.stat().st_size + _LOG_BYTES * replay
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        restrain(database, longest_value=BLOB_BYTES)
        demand_real_table(database, "Packages")
        for (blob,) in database.execute("SELECT blob FROM main.Packages NOT INDEXED ORDER BY hnum"):
            header = blob if isinstance(blob, bytes) else b""
            left -= len(header)
            if left < 0:
                raise BadDatabase("its packages take more room than its file")
            yield header
