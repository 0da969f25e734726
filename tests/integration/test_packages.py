"""Package databases as the real tools write them, against what the real tools say of them."""

import sqlite3
import struct
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.facts.tree import guest_with

from imgkit.facts.dpkg import read_dpkg
from imgkit.facts.guest import Guest
from imgkit.facts.owners import find_owners
from imgkit.facts.rpm import read_rpm
from imgkit.model.fact import Fact
from imgkit.model.packages import Package

SPEC = """Name: {name}
Version: 1.2.{name}
Release: 3
{epoch}
Summary: x
License: MIT
Vendor: Somebody & Söhne
BuildArch: noarch
%description
{long}
%install
mkdir -p %{{buildroot}}/usr/bin
echo hi > %{{buildroot}}/usr/bin/{name}
%files
%attr(4755,root,root) /usr/bin/{name}
"""
QUERY = "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}|%{VENDOR}|%{SOURCERPM}|%{INSTALLTIME}\n"


def run(*words: str | Path, text: str = "") -> str:
    done = subprocess.run(list(map(str, words)), input=text, capture_output=True, check=True, encoding="utf-8")
    return done.stdout


@pytest.fixture(scope="module")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that rpm itself filled with packages made by rpmbuild."""
    top = tmp_path_factory.mktemp("rpm")
    for name, epoch in (("alpha", "Epoch: 7"), ("beta", ""), ("gamma", "Epoch: 0")):
        spec = top / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, epoch=epoch, long="words " * 5000), encoding="utf-8")
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}", spec)
    database = top / "db"
    database.mkdir()
    packages = sorted((top / "RPMS/noarch").iterdir())
    run("rpm", "-i", "--justdb", "--nodeps", "--force-debian", "--dbpath", database, *packages)
    return database


@pytest.fixture(scope="module")
def berkeley_folder(sqlite_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same headers in a hash of Berkeley DB, which its own tool wrote."""
    with closing(sqlite3.connect(sqlite_folder / "rpmdb.sqlite")) as database:
        rows = database.execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
    pairs = [(0, struct.pack("<I", max(number for number, _ in rows))), *rows]
    lines = [f" {data.hex()}" for number, blob in pairs for data in (struct.pack("<I", number), blob)]
    dump = "\n".join(
        ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END", *lines, "DATA=END"]
    )
    folder = tmp_path_factory.mktemp("berkeley")
    run("db_load", "-f", "/dev/stdin", folder / "Packages", text=dump + "\n")
    return folder


def asked(folder: Path, *, backend: str) -> list[str]:
    words = run("rpm", "-qa", "--dbpath", folder, "--define", f"_db_backend {backend}", "--queryformat", QUERY)
    return sorted(words.splitlines())


def told(fact: Fact[tuple[Package, ...]]) -> list[str]:
    assert fact.value is not None
    assert not fact.partial
    return sorted(_line(one) for one in fact.value)


def _line(one: Package) -> str:
    epoch = "(none)" if one.epoch is None else one.epoch
    installed = int(one.installed_at.timestamp()) if one.installed_at else 0
    fields = (one.name, epoch, one.version, one.release, one.architecture, one.vendor, one.source, installed)
    return "|".join(map(str, fields))


def guest_of(folder: Path, name: str) -> Guest:
    return guest_with({f"/var/lib/rpm/{name}": (folder / name).read_bytes()})


@pytest.mark.tools("rpm", "rpmbuild")
def test_sqlite_gives_what_rpm_says(sqlite_folder: Path) -> None:
    assert told(read_rpm(guest_of(sqlite_folder, "rpmdb.sqlite"))) == asked(sqlite_folder, backend="sqlite")


@pytest.mark.tools("rpm", "rpmbuild", "db_load")
def test_berkeley_db_gives_what_rpm_says(berkeley_folder: Path) -> None:
    wanted = asked(berkeley_folder, backend="bdb_ro")
    assert len(wanted) == 3
    assert told(read_rpm(guest_of(berkeley_folder, "Packages"))) == wanted


@pytest.mark.tools("rpm", "rpmbuild", "db_load")
def test_owners_of_files_are_found_in_both(sqlite_folder: Path, berkeley_folder: Path) -> None:
    for guest in (guest_of(sqlite_folder, "rpmdb.sqlite"), guest_of(berkeley_folder, "Packages")):
        assert find_owners(guest, [b"/usr/bin/beta", b"/usr/bin/evil"]) == ({b"/usr/bin/beta": "beta"}, ())


@pytest.mark.tools("dpkg-query")
def test_dpkg_gives_what_dpkg_query_says() -> None:
    """Of this machine itself: no other database is as large and as odd."""
    admin = Path("/var/lib/dpkg")
    lists = {f"{admin}/info/{path.name}": b"" for path in (admin / "info").glob("*.list")}
    found = read_dpkg(guest_with({f"{admin}/status": (admin / "status").read_bytes(), **lists})).value
    wanted = run("dpkg-query", "--admindir", admin, "-W", "-f", "${Package}|${Version}|${Architecture}|${Status}\n")
    assert found is not None
    lines = [f"{one.name}|{one.version}|{one.architecture}|{one.status}" for one in found]
    assert sorted(lines) == sorted(wanted.splitlines())


@pytest.mark.tools("rpm", "rpmbuild")
def test_the_time_of_installation_is_now(sqlite_folder: Path) -> None:
    (first, *_) = read_rpm(guest_of(sqlite_folder, "rpmdb.sqlite")).value or ()
    assert first.installed_at is not None
    assert abs((datetime.now(UTC) - first.installed_at).total_seconds()) < 3600
