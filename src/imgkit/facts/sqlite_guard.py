"""Reading a sqlite file out of evidence, which may be made to trap its reader."""

import sqlite3
from typing import Any

_STEPS_BETWEEN_LOOKS = 100_000
_MOST_LOOKS = 1_000


class Unusable(Exception):
    """The sqlite file cannot be the database that it should be, as it stands."""


def restrain(database: sqlite3.Connection, *, longest_value: int) -> None:
    """Allow no schema code, no huge values, no endless query."""
    looks = iter(range(_MOST_LOOKS))
    database.set_progress_handler(lambda: next(looks, None) is None, _STEPS_BETWEEN_LOOKS)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest_value)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA mmap_size = 0")


def demand_real_table(database: sqlite3.Connection, name: str) -> None:
    """Refuse a view or a virtual table under the name of the real one: those would run the file's own queries."""
    row: Any = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type = 'table' AND rootpage > 0", (name,)
    ).fetchone()
    if row != (1,):
        raise Unusable(f"it has no table {name}")
