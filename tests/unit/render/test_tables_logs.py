from dataclasses import replace

from tests.unit.render.sample_subjects import make_logs

from imgkit.model.fact import Fact
from imgkit.render.tables_logs import log_tables, log_words

LOGS = make_logs()


def test_logs_and_gaps_become_tables():
    tables = list(log_tables(LOGS, " of x"))
    assert [title for title, _, _ in tables] == ["LOGS of x: 1", "GAPS IN LOGS of x: 1"]
    assert tables[0][2][0][-1] == "CST-8, the year"
    assert list(log_tables(None, "")) == []


def test_the_summary_tells_how_far_they_reach_and_what_stands_out():
    assert log_words(LOGS) == "1 log, 2026-11-22 to 2026-11-22; /var/log/wtmp is empty"
    assert log_words(replace(LOGS, logs=Fact.undetermined("torn"))) == "could not be determined (torn)"
