"""Packages of the Red Hat, SUSE and openEuler families: rpm's database where it is sqlite.

Berkeley DB (up to CentOS 7 and the generation of RHEL 8) and ndb (SUSE) are named, and said to be unread.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imgkit.errors import NoSuchPathInside
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.rpm_header import BadHeader, parse_header
from imgkit.model.fact import Fact, Source
from imgkit.model.packages import Package
from imgkit.units import MiB

_FOLDERS = (b"/var/lib/rpm", b"/usr/lib/sysimage/rpm", b"/usr/share/rpm")
_SQLITE, _BERKELEY, _NDB = b"rpmdb.sqlite", b"Packages", b"Packages.db"
_DATABASE_BYTES = 512 * MiB
_BLOB_BYTES = 64 * MiB
_STEPS_BETWEEN_LOOKS = 100_000
_MOST_LOOKS = 1_000
_UNREAD = {
    _BERKELEY: "rpm's database is a Berkeley DB, which this version cannot read",
    _NDB: "rpm's database is in SUSE's ndb format, which this version cannot read",
}


class _Unusable(Exception):
    """The sqlite file cannot be rpm's database as it stands."""


def read_rpm(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what rpm has installed."""
    for folder in _FOLDERS:
        present = {entry.name: entry.size for entry in guest.folder(folder) or ()}
        if _SQLITE in present:
            return _read_sqlite(guest, folder, has_log=bool(present.get(_SQLITE + b"-wal")))
        for name, reason in _UNREAD.items():
            if name in present:
                return Fact.undetermined(f"{reason} ({as_text(folder + b'/' + name)})")
    return Fact.absent("there is no rpm database")


def _read_sqlite(guest: Guest, folder: bytes, *, has_log: bool) -> Fact[tuple[Package, ...]]:
    """Read a private copy. Changes that wait in its write-ahead log count: the image is of a running machine."""
    path = folder + b"/" + _SQLITE
    with tempfile.TemporaryDirectory(prefix="imgkit-rpm-", dir=guest.scratch) as scratch:
        copy = Path(scratch) / "rpmdb.sqlite"
        sources = [guest.copy(path, copy, limit=_DATABASE_BYTES)]
        if has_log:
            with contextlib.suppress(NoSuchPathInside):
                sources.append(guest.copy(path + b"-wal", copy.with_name("rpmdb.sqlite-wal"), limit=_DATABASE_BYTES))
        return _list_packages(copy, tuple(sources))


def _list_packages(copy: Path, sources: tuple[Source, ...]) -> Fact[tuple[Package, ...]]:
    if any(source.truncated for source in sources):
        return Fact.undetermined("rpm's database is larger than this version reads", sources=sources)
    found: list[Package] = []
    bad: list[str] = []
    damage: tuple[str, ...] = ()
    try:
        for blob in _blobs(copy, replay=len(sources) > 1):
            try:
                found.append(parse_header(blob))
            except BadHeader as error:
                bad.append(str(error))
    except (sqlite3.Error, UnicodeDecodeError, _Unusable) as error:  # sqlite quotes damaged text in its own words
        if not found:
            return Fact.undetermined(f"rpm's database cannot be read: {error}", sources=sources)
        damage = (f"rpm's database is damaged after {len(found)} packages: {error}",)
    notes = (*damage, *((f"{len(bad)} of its packages cannot be read, the first because {bad[0]}",) if bad else ()))
    found.sort(key=lambda one: (one.name, one.architecture, one.version, one.release))
    return Fact.present(tuple(found), partial=bool(notes), notes=notes, sources=sources)


def _blobs(copy: Path, *, replay: bool) -> Iterator[bytes]:
    """Yield header blobs; without a log the copy is read as it stands, without even looking for one."""
    uri = f"{copy.as_uri()}?mode={'rw' if replay else 'ro&immutable=1'}"
    left = copy.stat().st_size + _DATABASE_BYTES * replay
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        _restrain(database)
        _demand_real_table(database)
        for (blob,) in database.execute("SELECT blob FROM main.Packages NOT INDEXED ORDER BY hnum"):
            header = blob if isinstance(blob, bytes) else b""
            left -= len(header)
            if left < 0:
                raise _Unusable("its packages take more room than its file")
            yield header


def _restrain(database: sqlite3.Connection) -> None:
    """A file from evidence may be made to trap its reader: no schema code, no huge values, no endless query."""
    looks = iter(range(_MOST_LOOKS))
    database.set_progress_handler(lambda: next(looks, None) is None, _STEPS_BETWEEN_LOOKS)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BLOB_BYTES)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA mmap_size = 0")


def _demand_real_table(database: sqlite3.Connection) -> None:
    """Refuse a view or a virtual table under the name of the real one: those would run the file's own queries."""
    row: Any = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'Packages' COLLATE NOCASE AND type = 'table' AND rootpage > 0"
    ).fetchone()
    if row != (1,):
        raise _Unusable("it has no table of packages")
