"""Headers and databases as rpm writes them."""

import contextlib
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

_INT32, _STRING, _BINARY, _STRINGS, _I18N_STRING = 4, 6, 7, 8, 9
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
    "signature": (268, _BINARY),
    "folder_indexes": (1116, _INT32),
    "base_names": (1117, _STRINGS),
    "folder_names": (1118, _STRINGS),
}


Value = str | int | bytes | Sequence[str] | Sequence[int]


def make_header(**values: Value) -> bytes:
    """Return a header blob as the database keeps it, without the magic of a package file."""
    index, store = b"", b""
    for name, value in values.items():
        tag, kind = TAGS[name]
        count, data = _stored(value)
        store += bytes(-len(store) % 4 if kind == _INT32 else 0)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    return struct.pack(">II", len(values), len(store)) + index + store


def _stored(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return len(value), value
    items = [value] if isinstance(value, str | int) else value
    return len(items), b"".join(
        struct.pack(">I", one) if isinstance(one, int) else one.encode() + b"\0" for one in items
    )


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


def make_berkeley(blobs: Sequence[bytes], *, page_bytes: int = 4096, order: str = "<") -> bytes:
    """Return a `Packages` of Berkeley DB: a hash page with keys and references, and a chain of overflow pages each."""
    items: list[bytes] = []
    overflow: list[bytes] = []
    room = page_bytes - 26
    for number, blob in enumerate([b"", *blobs]):
        items.append(b"\x01" + struct.pack(f"{order}I", number))
        if not number:
            items.append(b"\x01" + struct.pack(f"{order}I", len(blobs)))
            continue
        parts = [blob[at : at + room] for at in range(0, len(blob), room)]
        items.append(b"\x03\0\0\0" + struct.pack(f"{order}II", 2 + len(overflow), len(blob)))
        for at, part in enumerate(parts):
            own = 2 + len(overflow)
            following = own + 1 if at + 1 < len(parts) else 0
            header = struct.pack(f"{order}8xIIIHHBB", own, 0, following, 1, len(part), 0, 7)
            overflow.append((header + part).ljust(page_bytes, b"\0"))
    offsets, end, body = [], page_bytes, b""
    for item in items:
        end -= len(item)
        offsets.append(end)
        body = item + body
    index = struct.pack(f"{order}{len(offsets)}H", *offsets)
    filled = index + bytes(room - len(index) - len(body)) + body
    page = struct.pack(f"{order}8xIIIHHBB", 1, 0, 0, len(items), end, 0, 13) + filled
    meta = struct.pack(f"{order}8xIIIIBBBBII", 0, 0x061561, 9, page_bytes, 0, 8, 0, 0, 0, 1 + len(overflow))
    return meta.ljust(page_bytes, b"\0") + page + b"".join(overflow)


def make_ndb(blobs: Sequence[bytes]) -> bytes:
    """Return a `Packages.db` of the format ndb with one page of slots."""
    slots = b"RpmP" + struct.pack("<IIII", 0, 1, 1, len(blobs) + 1) + bytes(12)
    body = b""
    for index, blob in enumerate(blobs, start=1):
        blocks = -(-(len(blob) + 28) // 16)
        slots += b"Slot" + struct.pack("<III", index, 256 + len(body) // 16, blocks)
        covered = (b"BlbS" + struct.pack("<III", index, 1, len(blob)) + blob).ljust(blocks * 16 - 12, b"\0")
        body += covered + struct.pack("<II", zlib.adler32(covered), len(blob)) + b"BlbE"
    while len(slots) < 4096:
        slots += b"Slot" + bytes(12)
    return slots + body
