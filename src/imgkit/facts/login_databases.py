"""Log-ins that sqlite keeps: wtmpdb and lastlog2, the successors of wtmp and lastlog that know times after 2038.

Tables as wtmpdb's lib/sqlite.c and util-linux' liblastlog2 make them: times of wtmpdb are microseconds since 1970, of
lastlog2 seconds.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.bounded import MOST_BYTES
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text, moment
from imgkit.facts.room import weigh
from imgkit.facts.sqlite_guard import Unusable, demand_real_table, restrain
from imgkit.units import KiB, MiB

_DATABASE_BYTES = 256 * MiB
_VALUE_BYTES = 64 * KiB
MOST_ROWS = 200_000

Row = tuple[Any, ...]


def read_rows(look: Gathering, path: bytes, table: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a table, read from a private copy; what keeps from it is lacking."""
    if look.stat(path) is None:
        return []
    rows: list[Row] = []
    left = MOST_BYTES
    try:
        with tempfile.TemporaryDirectory(prefix="imgkit-sqlite-", dir=look.guest.scratch) as scratch:
            copy = Path(scratch) / "copy.db"
            replay = _copy(look, path, copy)
            for row in _select(copy, table, columns, replay=replay):
                left -= weigh(row, left)
                if len(rows) >= MOST_ROWS or left <= 0:
                    look.lack(f"only the first {len(rows)} rows of {as_text(path)} were read")
                    break
                rows.append(row)
    except (sqlite3.Error, UnicodeDecodeError, Unusable) as error:
        look.lack(f"{as_text(path)} cannot be read{' to its end' if rows else ''}: {error}")
    except CannotLookInside as error:
        look.lack(error.message)
    return rows


def time_of(value: object, *, per_second: int) -> datetime | None:
    """Return a column's time, None where it holds none."""
    return moment(value / per_second) if isinstance(value, int) and value > 0 else None


def text_of_column(value: object) -> str:
    """Return a column's text, empty where it holds none."""
    return value if isinstance(value, str) else ""


def _copy(look: Gathering, path: bytes, copy: Path) -> bool:
    """Copy a database with what waits in its write-ahead log, and tell whether there was one."""
    source = look.guest.copy(path, copy, limit=_DATABASE_BYTES)
    if source.truncated:
        raise Unusable("it is larger than this version reads")
    look.add_source(source)
    log = look.stat(path + b"-wal")
    if log is None or not log.size:
        return False
    with contextlib.suppress(NoSuchPathInside):
        look.add_source(look.guest.copy(path + b"-wal", copy.with_name("copy.db-wal"), limit=_DATABASE_BYTES))
    return True


def _select(copy: Path, table: str, columns: Sequence[str], *, replay: bool) -> Iterator[Row]:
    uri = f"{copy.as_uri()}?mode={'rw' if replay else 'ro&immutable=1'}"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        restrain(database, longest_value=_VALUE_BYTES)
        demand_real_table(database, table)
        names = ", ".join(columns)
        yield from database.execute(f"SELECT {names} FROM main.{table} NOT INDEXED ORDER BY rowid")  # noqa: S608  # ours
