"""Package databases as the real tools write them, against what the real tools say of them."""

import subprocess
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
from imgkit.samples.rpm_packages import RpmBackend, build_packages, enter_packages

QUERY = "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}|%{VENDOR}|%{SOURCERPM}|%{INSTALLTIME}\n"


def run(*words: str | Path) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, check=True, encoding="utf-8")
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return build_packages(tmp_path_factory.mktemp("rpm"))


@pytest.fixture(scope="module")
def sqlite_folder(packages: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that rpm itself filled with packages made by rpmbuild."""
    return enter_packages(tmp_path_factory.mktemp("sqlite"), packages, backend=RpmBackend.SQLITE).parent


@pytest.fixture(scope="module")
def berkeley_folder(packages: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same headers in a hash of Berkeley DB, which its own tool wrote."""
    return enter_packages(tmp_path_factory.mktemp("berkeley"), packages, backend=RpmBackend.BERKELEY).parent


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
