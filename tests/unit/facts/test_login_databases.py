from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.facts.login_samples import make_database, make_wtmpdb
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts import login_databases
from imgkit.facts.gathering import Gathering
from imgkit.facts.login_databases import read_rows, text_of_column, time_of

PATH = b"/var/lib/wtmpdb/wtmp.db"
ROW = (3, "root", 1_700_000_000_000_000, None, "pts/0", "192.0.2.7", "sshd")


def look_at(data: bytes | Shut) -> Gathering:
    return Gathering(guest_with({PATH: data}))


def test_rows_are_read_from_a_copy_that_goes_again(tmp_path: Path):
    look = look_at(make_wtmpdb(tmp_path, [ROW, ROW]))
    assert read_rows(look, PATH, "wtmp", ("User", "Login")) == [("root", 1_700_000_000_000_000)] * 2
    assert [source.path for source in look.fact((1,), nothing="").sources] == [PATH]


def test_a_database_with_a_view_in_the_tables_place_is_refused(tmp_path: Path):
    data = make_database(tmp_path, "CREATE TABLE x (a)", "INSERT INTO x VALUES (?)", [(1,)])
    look = look_at(data)
    assert read_rows(look, PATH, "wtmp", ("User",)) == []
    assert "no table wtmp" in look.fact((1,), nothing="").notes[0]


def test_what_is_no_database_or_cannot_be_read_is_lacking():
    for data in (b"hello", Shut("torn")):
        look = look_at(data)
        assert read_rows(look, PATH, "wtmp", ("User",)) == []
        assert look.fact((1,), nothing="").partial
    assert read_rows(Gathering(guest_with({})), PATH, "wtmp", ("User",)) == []


def test_rows_without_end_are_cut_and_that_is_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(login_databases, "MOST_ROWS", 1)
    look = look_at(make_wtmpdb(tmp_path, [ROW, ROW]))
    assert len(read_rows(look, PATH, "wtmp", ("User",))) == 1
    assert "only the first 1 rows" in look.fact((1,), nothing="").notes[0]


def test_columns_of_another_kind_are_empty():
    assert (time_of("x", per_second=1), time_of(0, per_second=1), time_of(2**70, per_second=1)) == (None, None, None)
    assert (text_of_column(None), text_of_column("a")) == ("", "a")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 12287), st.binary(min_size=1, max_size=16))
def test_a_damaged_database_is_borne(tmp_path: Path, at, damage):
    data = make_wtmpdb(tmp_path, [ROW] * 20)
    read_rows(look_at(data[:at] + damage + data[at + len(damage) :]), PATH, "wtmp", ("User", "Login"))
