"""Packages of the Red Hat, SUSE and openEuler families: rpm's database, in whichever of its three formats.

sqlite is today's, Berkeley DB was everybody's up to CentOS 7 and the generation of RHEL 8, ndb is SUSE's.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from imgkit.errors import NoSuchPathInside
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.rpm_berkeley import berkeley_blobs
from imgkit.facts.rpm_database import BadDatabase
from imgkit.facts.rpm_header import BadHeader, parse_header
from imgkit.facts.rpm_ndb import ndb_blobs
from imgkit.facts.rpm_sqlite import sqlite_blobs
from imgkit.model.fact import Fact, Source
from imgkit.model.packages import Package
from imgkit.units import MiB

_FOLDERS = (b"/var/lib/rpm", b"/usr/lib/sysimage/rpm", b"/usr/share/rpm")
_SQLITE, _BERKELEY, _NDB = b"rpmdb.sqlite", b"Packages", b"Packages.db"
_LOG = b"-wal"
MOST_PACKAGES = 100_000
_DATABASE_BYTES = 512 * MiB
_NAMES = {_SQLITE: "sqlite", _BERKELEY: "Berkeley DB", _NDB: "ndb"}


def read_rpm(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what rpm has installed."""
    found = _find(guest)
    if not found:
        return Fact.absent("there is no rpm database")
    path, has_log, beside = found
    with tempfile.TemporaryDirectory(prefix="imgkit-rpm-", dir=guest.scratch) as scratch:
        copy, sources = _copy(guest, path, has_log=has_log, folder=Path(scratch))
        return _list_packages(path, copy, sources, beside)


def read_blobs(guest: Guest) -> Iterator[bytes]:
    """Yield the header of each package, as far as they can be read. Raises BadDatabase, CannotLookInside."""
    found = _find(guest)
    if not found:
        return
    path, has_log, _ = found
    with tempfile.TemporaryDirectory(prefix="imgkit-rpm-", dir=guest.scratch) as scratch:
        copy, sources = _copy(guest, path, has_log=has_log, folder=Path(scratch))
        yield from _blobs(path, copy, replay=len(sources) > 1)


def _find(guest: Guest) -> tuple[bytes, bool, tuple[str, ...]] | None:
    """Return the database in use, whether changes wait in its log, and what other databases lie about."""
    seen: set[bytes] = set()
    found: list[tuple[bytes, bool]] = []
    for folder in _FOLDERS:
        present = {entry.name: entry for entry in guest.folder(folder) or ()}
        for name in _NAMES:
            entry = present.get(name)
            if entry is None or (key := name + b"%d/%d" % (entry.file_system, entry.inode)) in seen:
                continue
            if entry.inode:  # two of the folders may be one, by a link
                seen.add(key)
            log = present.get(name + _LOG)
            found.append((folder + b"/" + name, bool(log and log.size)))
    if not found:
        return None
    return (*found[0], tuple(as_text(path) for path, _ in found[1:]))


def _copy(guest: Guest, path: bytes, *, has_log: bool, folder: Path) -> tuple[Path, tuple[Source, ...]]:
    """Make a private copy. Changes that wait in sqlite's log count: the image is of a running machine."""
    copy = folder / "database"
    sources = [guest.copy(path, copy, limit=_DATABASE_BYTES)]
    if has_log:
        with contextlib.suppress(NoSuchPathInside):
            sources.append(guest.copy(path + _LOG, copy.with_name("database-wal"), limit=_DATABASE_BYTES))
    return copy, tuple(sources)


def _blobs(path: bytes, copy: Path, *, replay: bool) -> Iterator[bytes]:
    name = path.rpartition(b"/")[2]
    if name == _SQLITE:
        yield from sqlite_blobs(copy, replay=replay)
        return
    with copy.open("rb") as file:
        read = berkeley_blobs if name == _BERKELEY else ndb_blobs
        yield from read(file, copy.stat().st_size)


def _bounded(blobs: Iterator[bytes]) -> Iterator[bytes]:
    for number, blob in enumerate(blobs):
        if number >= MOST_PACKAGES:
            raise BadDatabase(f"it holds more than {MOST_PACKAGES}, and the rest is left out")
        yield blob


def _list_packages(
    path: bytes, copy: Path, sources: tuple[Source, ...], beside: tuple[str, ...]
) -> Fact[tuple[Package, ...]]:
    if any(source.truncated for source in sources):
        return Fact.undetermined("rpm's database is larger than this version reads", sources=sources)
    found: list[Package] = []
    bad: list[str] = []
    damage: tuple[str, ...] = ()
    try:
        for blob in _bounded(_blobs(path, copy, replay=len(sources) > 1)):
            try:
                found.append(parse_header(blob))
            except BadHeader as error:
                bad.append(str(error))
    except BadDatabase as error:
        words = f"rpm's database ({_NAMES[path.rpartition(b'/')[2]]})"
        if not found:
            return Fact.undetermined(f"{words} cannot be read: {error}", sources=sources)
        damage = (f"{words} is damaged after {len(found)} packages: {error}",)
    lost = (*damage, *((f"{len(bad)} of its packages cannot be read, the first because {bad[0]}",) if bad else ()))
    others = tuple(f"{other} is another database of rpm, which was not read" for other in beside)
    found.sort(key=lambda one: (one.name, one.architecture, one.version, one.release))
    return Fact.present(tuple(found), partial=bool(lost), notes=(*lost, *others), sources=sources)
