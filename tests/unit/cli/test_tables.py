"""Tests of cli/tables.py."""

import os
import shutil
import sys

from imgkit.cli.tables import table

LONG = "m-2ze6tciolfdoydrr6ze3_" * 8


def test_rows_stand_below_their_heads():
    lines = table(("DISK", "SIZE"), [("system", "40 GiB"), ("xvdb", "1 TiB")]).splitlines()
    assert [line.split() for line in lines] == [["DISK", "SIZE"], ["system", "40", "GiB"], ["xvdb", "1", "TiB"]]
    assert lines[0].index("SIZE") == lines[1].index("40")


def test_without_rows_there_are_no_heads():
    assert table(("DISK",), []) == ""


def test_into_a_file_nothing_is_shortened():
    assert LONG in table(("NAME",), [(LONG,)])


def test_on_a_terminal_no_line_is_wider_than_it(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((60, 24)))
    lines = table(("NAME", "STATE"), [(LONG, "running")]).splitlines()
    assert max(map(len, lines)) <= 60


def test_names_from_elsewhere_are_harmless():
    assert "\x1b" not in table(("NAME",), [("a\x1b[2Jb",)])
