from dataclasses import replace

import pytest
from tests.unit.render.sample_report import make_system

from imgkit.model.fact import Fact
from imgkit.render.tables_sudo import sudo_tables, sudo_words

ACCOUNTS = make_system().accounts or pytest.fail("the sample has accounts")


def test_rules_aliases_and_defaults_are_told_whole():
    titles, rows = zip(*((title, rows) for title, _, rows in sudo_tables(ACCOUNTS, " of x")), strict=True)
    assert titles == (
        "SUDO RULES of x: 1, incomplete",
        "SUDO ALIASES of x: 1",
        "SUDO DEFAULTS of x: 1",
        "SUBORDINATE IDS of x: 1",
    )
    assert rows[0][0][:5] == ("/etc/sudoers:3", "eve", "ALL", "ALL:dba", "NOPASSWD, CWD=/srv")
    assert rows[2][0] == ("/etc/sudoers:1", ":eve", "!authenticate")


def test_the_summary_names_who_needs_no_password():
    assert sudo_words(ACCOUNTS.sudoers) == "1 rule; WITHOUT A PASSWORD: eve"


def test_nobody_knowing_is_not_none():
    unknown = replace(ACCOUNTS, sudoers=Fact.undetermined("torn"))
    assert next(iter(sudo_tables(unknown, "")))[0] == "SUDO RULES: could not be determined (torn)"
    assert sudo_words(Fact.absent("there is no sudoers")) == ""
