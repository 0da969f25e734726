import sqlite3

import pytest

from imgkit.facts import sqlite_guard
from imgkit.facts.sqlite_guard import Unusable, demand_real_table, restrain


def test_a_real_table_is_taken_and_a_view_is_not():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE wtmp (a)")
    database.execute("CREATE VIEW other AS SELECT 1")
    demand_real_table(database, "wtmp")
    for name in ("other", "gone"):
        with pytest.raises(Unusable, match=name):
            demand_real_table(database, name)
    database.close()


def test_a_query_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(sqlite_guard, "_MOST_LOOKS", 2)
    monkeypatch.setattr(sqlite_guard, "_STEPS_BETWEEN_LOOKS", 100)
    database = sqlite3.connect(":memory:")
    restrain(database, longest_value=1000)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(sqlite3.OperationalError):
        database.execute(endless).fetchone()
    database.close()


def test_a_huge_value_is_refused():
    database = sqlite3.connect(":memory:")
    restrain(database, longest_value=1000)
    with pytest.raises((sqlite3.DataError, sqlite3.OperationalError)):
        database.execute("SELECT zeroblob(2000)").fetchone()
    database.close()
