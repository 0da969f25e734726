"""Databases of log-ins, made as wtmpdb and util-linux make theirs."""

import contextlib
import sqlite3
from pathlib import Path

WTMPDB = (
    "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, "
    "TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT"
)
LASTLOG2 = "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT)"


def make_database(folder: Path, schema: str, insert: str, rows: list[tuple[object, ...]]) -> bytes:
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(schema)
        database.executemany(insert, rows)
        database.commit()
    return path.read_bytes()


def make_wtmpdb(folder: Path, rows: list[tuple[object, ...]]) -> bytes:
    return make_database(
        folder,
        WTMPDB,
        "INSERT INTO wtmp (Type, User, Login, Logout, TTY, RemoteHost, Service) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def make_lastlog2(folder: Path, rows: list[tuple[object, ...]]) -> bytes:
    return make_database(folder, LASTLOG2, "INSERT INTO Lastlog2 VALUES (?, ?, ?, ?, ?)", rows)
