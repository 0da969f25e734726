from dataclasses import replace

from tests.unit.render.sample_accounts import logins

from imgkit.model.fact import Fact
from imgkit.render import tables_logins
from imgkit.render.tables_logins import login_tables, login_words


def test_every_list_is_told():
    tables = {title: rows for title, _, rows in login_tables(logins(), "")}
    assert list(tables) == [
        "SESSIONS: 1",
        "STARTS AND SHUTDOWNS: 1",
        "FAILED LOG-INS: 1",
        "LAST LOG-INS: 2",
        "FAILURE COUNTS: 1",
    ]
    assert tables["SESSIONS: 1"][0] == ("2026-11-22 18:05:09Z", "", "open", "root", "pts/0", "192.0.2.7")
    assert tables["LAST LOG-INS: 2"][0][:2] == ("0", "root, toor")
    assert tables["LAST LOG-INS: 2"][1][1] == "(no account)"


def test_a_long_list_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(tables_logins, "_MOST_ROWS", 1)
    tables = {title: rows for title, _, rows in login_tables(logins(), "")}
    assert len(tables["LAST LOG-INS: 2, of which 1 are shown"]) == 1


def test_the_summary_tells_the_newest_and_how_many_failed():
    assert login_words(logins()) == (
        "1 session, the last: root from 192.0.2.7 at 2026-11-22 18:05:09Z; 1234 failed attempts"
    )


def test_nobody_knowing_is_not_none():
    unknown = replace(logins(), sessions=Fact.undetermined("torn"), failed=Fact.absent())
    assert login_words(unknown) == "sessions: could not be determined (torn)"
