from dataclasses import replace

from tests.unit.render.sample_persistence import HOSTILE, persistence

from imgkit.model.fact import Fact
from imgkit.render.tables_persistence import persistence_tables, started_words


def test_every_list_is_told():
    tables = {title: rows for title, _, rows in persistence_tables(persistence(), "")}
    assert tables["CRON TABLES: 1"] == [
        ("/var/spool/cron/root", "(variable)", "", "MAILTO=root"),
        ("/var/spool/cron/root:4", "@reboot", "root", HOSTILE),
    ]
    units = tables["SYSTEMD UNITS: 2"]
    assert units[0][:2] == ("a.service", "enabled")
    assert units[1][6] == "/etc/systemd/system/b.timer -> /dev/null (+1 drop-ins)"
    assert tables["AT JOBS: 1"][0][1] == "1000"
    assert "AUTOSTART: could not be determined (torn)" in tables
    assert "PACKAGE HOOKS: none (there are no hooks of package managers)" in tables
    assert len(tables) == 11


def test_the_summary_counts_what_starts():
    assert started_words(persistence()) == (
        "1 of 2 units enabled (0 timers), 1 line of cron, 1 at job, 1 PRELOADED LIBRARY"
    )


def test_nobody_knowing_is_not_none():
    unknown = replace(persistence(), units=Fact.undetermined("torn"), cron=Fact.undetermined("torn too"))
    assert started_words(unknown).startswith(
        "units: could not be determined (torn), cron: could not be determined (torn too), 1 at job"
    )


def test_what_is_not_there_takes_no_room():
    bare = replace(persistence(), units=Fact.absent(), cron=Fact.absent())
    assert started_words(bare) == "1 at job, 1 PRELOADED LIBRARY"
