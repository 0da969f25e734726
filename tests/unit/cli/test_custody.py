"""Tests of cli/custody.py."""

import json

from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading
from imgkit.model.custodian import Custodian


def test_reading_leaves_a_line_that_says_who_and_why(tmp_path):
    who = Custodian(user="u", examiner="E", case="C", reason="R")
    note_reading(Console(), tmp_path, "check", who, subject={"held": True})
    (line,) = (tmp_path / "custody.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["event"], told["subject"]["held"]) == ("check", True)
    assert all(f'"{word}"' in line for word in ("u", "E", "C", "R"))


def test_where_the_set_cannot_be_written_that_is_said(tmp_path, capsys, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("imgkit.cli.custody.append_custody", refused)
    note_reading(Console(), tmp_path, "check", Custodian())
    told = capsys.readouterr().err
    assert "not recorded in custody" in told
    assert "Permission denied" in told


def test_a_read_only_set_can_be_read_all_the_same(tmp_path, capsys):
    custody = tmp_path / "custody.jsonl"
    custody.mkdir()  # nobody can append to a folder, not even root
    note_reading(Console(), tmp_path, "inspect", Custodian())
    assert "not recorded in custody" in capsys.readouterr().err
