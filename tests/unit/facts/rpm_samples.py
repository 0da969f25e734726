"""Headers and databases as rpm writes them."""

import contextlib
import sqlite3
import struct
from collections.abc import Sequence
from pathlib import Path

_INT32, _STRING, _I18N_STRING = 4, 6, 9
TAGS = {
    "name": (1000, _STRING),
    "version": (1001, _STRING),
    "release": (1002, _STRING),
    "epoch": (1003, _INT32),
    "summary": (1004, _I18N_STRING),
    "install_time": (1008, _INT32),
    "vendor": (1011, _STRING),
    "arch": (1022, _STRING),
    "source": (1044, _STRING),
}


def make_header(**values: str | int) -> bytes:
    """Return a header blob as the database keeps it, without the magic of a package file."""
    index, store = b"", b""
    for name, value in values.items():
        tag, kind = TAGS[name]
        if isinstance(value, int):
            store += bytes(-len(store) % 4)
            data = struct.pack(">I", value)
        else:
            data = value.encode() + b"\0"
        index += struct.pack(">IIII", tag, kind, len(store), 1)
        store += data
    return struct.pack(">II", len(values), len(store)) + index + store


def make_database(folder: Path, blobs: Sequence[bytes], *, schema: str = "") -> bytes:
    """Return the bytes of an rpmdb.sqlite with these headers; `schema` replaces rpm's own."""
    path = folder / "made.sqlite"
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            schema or "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);"
        )
        if not schema:
            database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        database.commit()
    return path.read_bytes()


def make_database_with_log(folder: Path, blobs: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return a database and the write-ahead log that holds its packages, as a machine that was cut off leaves them."""
    path = folder / "running.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        database.commit()
        return path.read_bytes(), path.with_name("running.sqlite-wal").read_bytes()
