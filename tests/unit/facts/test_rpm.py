import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.facts.rpm_samples import (
    make_berkeley,
    make_database,
    make_database_with_log,
    make_header,
    make_ndb,
)
from tests.unit.facts.tree import Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts import rpm, sqlite_guard
from imgkit.facts.rpm import read_blobs, read_rpm
from imgkit.model.fact import Fact, FactState
from imgkit.model.packages import Package

DATABASE = "/var/lib/rpm/rpmdb.sqlite"
ENDLESS_VIEW = (
    "CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS (SELECT 1 UNION ALL SELECT hnum + 1 FROM n) "
    "SELECT hnum, randomblob(10) AS blob FROM n;"
)
TWO = [make_header(name="zlib", version="1.2"), make_header(name="bash", version="4.4", release="4", epoch=0)]


def read(data: bytes, **more: bytes) -> Fact[tuple[Package, ...]]:
    return read_rpm(guest_with({DATABASE: data, **{DATABASE + suffix: found for suffix, found in more.items()}}))


def test_packages_are_listed_in_the_order_of_names(tmp_path: Path):
    fact = read(make_database(tmp_path, TWO))
    assert fact.value is not None
    assert [one.name for one in fact.value] == ["bash", "zlib"]
    assert not fact.partial
    assert fact.sources[0].path == DATABASE.encode()


@pytest.mark.parametrize("folder", ["/var/lib/rpm", "/usr/lib/sysimage/rpm"])
def test_the_database_is_found_where_each_family_keeps_it(tmp_path: Path, folder):
    fact = read_rpm(guest_with({f"{folder}/rpmdb.sqlite": make_database(tmp_path, TWO)}))
    assert fact.value is not None
    assert len(fact.value) == 2


def test_changes_that_wait_in_the_log_count(tmp_path: Path):
    database, log = make_database_with_log(tmp_path, TWO)
    fact = read(database, **{"-wal": log})
    assert fact.value is not None
    assert [one.name for one in fact.value] == ["bash", "zlib"]
    assert [source.path[-3:] for source in fact.sources] == [b"ite", b"wal"]


def test_a_database_in_log_mode_without_a_log_is_read(tmp_path: Path):
    database, _ = make_database_with_log(tmp_path, TWO)
    assert read(database).value == ()


def test_an_empty_database_holds_no_packages_and_no_database_is_absent(tmp_path: Path):
    assert read(make_database(tmp_path, [])).value == ()
    assert read_rpm(guest_with({})).state is FactState.ABSENT


@pytest.mark.parametrize(("name", "word"), [("Packages", "Berkeley DB"), ("Packages.db", "ndb")])
def test_a_damaged_database_of_the_other_formats_is_named_and_is_not_empty(name, word):
    fact = read_rpm(guest_with({f"/var/lib/rpm/{name}": b"x"}))
    assert fact.state is FactState.UNDETERMINED
    assert word in fact.reason


def test_the_other_formats_are_read():
    for name, made in (("Packages", make_berkeley(TWO)), ("Packages.db", make_ndb(TWO))):
        fact = read_rpm(guest_with({f"/var/lib/rpm/{name}": made}))
        assert fact.value is not None
        assert ([one.name for one in fact.value], fact.partial) == (["bash", "zlib"], False)


def test_a_database_that_rpm_itself_made_as_ndb_is_read_as_rpm_reads_it():
    packed = Path(__file__).parents[2] / "data" / "rpm-4.20.1-Packages.db.gz"
    fact = read_rpm(guest_with({"/usr/lib/sysimage/rpm/Packages.db": gzip.decompress(packed.read_bytes())}))
    assert fact.value is not None
    assert not fact.partial
    assert [(one.name, one.epoch, one.version, one.release, one.vendor) for one in fact.value] == [
        ("alpha", 7, "1.2.3", "3.al8", "Somebody & Söhne"),
        ("beta", None, "2.0~rc1", "3.al8", "Somebody & Söhne"),
        ("gamma", 0, "3.0", "3.al8", "Somebody & Söhne"),
    ]
    assert {one.installed_at for one in fact.value} == {datetime.fromtimestamp(1795907152, UTC)}


def test_a_second_database_beside_the_one_in_use_is_said(tmp_path: Path):
    files = {DATABASE: make_database(tmp_path, TWO), "/var/lib/rpm/Packages": b"x"}
    fact = read_rpm(guest_with(files))
    assert fact.notes == ("/var/lib/rpm/Packages is another database of rpm, which was not read",)
    assert not fact.partial


def test_headers_are_given_out_for_other_questions():
    assert list(read_blobs(guest_with({"/var/lib/rpm/Packages.db": make_ndb(TWO)}))) == TWO
    assert list(read_blobs(guest_with({}))) == []


@pytest.mark.parametrize("data", [b"", b"garbage", b"SQLite format 3\0" + bytes(4096)])
def test_a_file_that_is_no_database_is_undetermined(data):
    assert read(data).state is FactState.UNDETERMINED


def test_a_torn_database_is_partial_or_undetermined_but_never_whole(tmp_path: Path):
    many = [make_header(name=f"package{number}", summary="x" * 3000) for number in range(100)]
    whole = make_database(tmp_path, many)
    fact = read(whole[: len(whole) // 2])
    assert fact.partial or fact.state is FactState.UNDETERMINED


def test_one_bad_header_leaves_the_others(tmp_path: Path):
    fact = read(make_database(tmp_path, [b"bad", TWO[0], b""]))
    assert fact.value is not None
    assert [one.name for one in fact.value] == ["zlib"]
    assert fact.partial
    assert fact.notes == ("2 of its packages cannot be read, the first because it is too short",)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE other (x);",
        ENDLESS_VIEW,
        "CREATE VIRTUAL TABLE Packages USING fts4(hnum, blob);",
    ],
)
def test_a_database_that_would_run_its_own_queries_is_refused(tmp_path: Path, schema):
    fact = read(make_database(tmp_path, [], schema=schema))
    assert fact.state is FactState.UNDETERMINED
    assert "no table Packages" in fact.reason


def test_a_query_without_end_is_cut_off(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sqlite_guard, "_MOST_LOOKS", 2)
    monkeypatch.setattr(sqlite_guard, "_STEPS_BETWEEN_LOOKS", 100)
    fact = read(make_database(tmp_path, [TWO[0]] * 500))
    assert fact.partial or fact.state is FactState.UNDETERMINED


def test_a_database_beyond_the_limit_is_undetermined(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(rpm, "_DATABASE_BYTES", 4096)
    fact = read(make_database(tmp_path, TWO))
    assert fact.state is FactState.UNDETERMINED
    assert "larger" in fact.reason


def test_an_unreadable_database_is_not_absent():
    with pytest.raises(CannotLookInside, match="bad sector"):
        read_rpm(guest_with({DATABASE: Shut("bad sector")}))


def test_no_copy_is_left_behind(tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    guest = guest_with({DATABASE: make_database(tmp_path, TWO)})
    assert read_rpm(replace(guest, scratch=scratch)).value
    assert list(scratch.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.integers(0, 12287), st.binary(min_size=1, max_size=16))
@example(4014, b"\x80")  # sqlite's own complaint is no UTF-8 then
def test_a_damaged_database_is_borne(tmp_path: Path, at, damage):
    data = make_database(tmp_path, TWO)
    read(data[:at] + damage + data[at + len(damage) :])
