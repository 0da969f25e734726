"""Tests of cli/custody.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit.cli.command_line import imgkit
from tests.unit.cli.sets import cloud, fetched

from imgkit.cli.console import Console
from imgkit.cli.custody import Reading, note_reading, reading
from imgkit.errors import NotAccessible, SettingsError
from imgkit.evidence.custody import read_custody
from imgkit.evidence.schema import custody_schema
from imgkit.model.custodian import Custodian

READER = Reading(custodian=Custodian(user="u", examiner="E", case="C", reason="R"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As much of a set as its custody asks for."""
    made = tmp_path / "set"
    (made / "objects").mkdir(parents=True)
    (made / "imgkit.json").write_text("{}")
    return made


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_reading_leaves_a_line_that_says_who_and_why(folder: Path):
    note_reading(Console(), folder, "check", READER, subject={"held": True}, tools=[("libguestfs", "1.48")])
    (told,) = _lines(folder / "custody.jsonl")
    assert (told["event"], told["subject"]) == ("check", {"held": True})
    assert (told["who"]["user"], told["who"]["examiner"], told["case"], told["reason"]) == ("u", "E", "C", "R")
    assert {"imgkit", "Python", "libguestfs"} <= set(told["tools"])
    Draft202012Validator(custody_schema()).validate(told)


def test_a_file_of_a_set_is_named_in_the_line(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder / "objects")
    note_reading(Console(), Path("a.tar.gz"), "unpack", READER)
    assert _lines(folder / "custody.jsonl")[0]["subject"] == {"file": "objects/a.tar.gz"}


def test_a_file_of_a_set_behind_a_link_is_a_file_of_that_set(folder: Path, tmp_path: Path):
    (folder / "system.raw").touch()
    (tmp_path / "link.raw").symlink_to(folder / "system.raw")
    note_reading(Console(), tmp_path / "link.raw", "info", READER)
    assert _lines(folder / "custody.jsonl")[0]["subject"] == {"file": "system.raw"}


def test_what_lies_in_no_set_leaves_no_line_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    note_reading(Console(), tmp_path / "disk.raw", "info", READER)
    assert (list(tmp_path.iterdir()), capsys.readouterr().err) == ([], "")


def test_where_the_set_cannot_be_written_that_is_said(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "custody.jsonl").mkdir()  # nobody can append to a folder, not even root
    note_reading(Console(), folder, "inspect", READER)
    told = capsys.readouterr().err
    assert "not recorded in custody" in told
    assert "--custody-file FILE" in told


def test_a_set_in_a_bag_is_not_written(folder: Path, capsys: pytest.CaptureFixture[str]):
    payload = folder.parent / "bag" / "data"
    payload.mkdir(parents=True)
    (payload.parent / "bagit.txt").write_text("BagIt-Version: 0.97\n")
    note_reading(Console(), folder.rename(payload / "set"), "check", READER)
    assert not (payload / "set" / "custody.jsonl").exists()
    assert "would no longer be valid" in capsys.readouterr().err


def test_a_file_of_the_users_choice_takes_the_line_and_the_set_stays(folder: Path):
    note_reading(Console(), folder, "check", READER)
    before = (folder / "custody.jsonl").read_bytes()
    kept = folder.parent / "kept.jsonl"
    for event in ("check", "inspect"):
        note_reading(Console(), folder, event, reading(examiner="X", custody_file=kept))
    assert (folder / "custody.jsonl").read_bytes() == before
    head = read_custody(folder / "custody.jsonl").head
    first, second = _lines(kept)
    assert first["follows"] == second["follows"] == {"set": head.sha256, "lines": 1, "sha256": head.sha256}
    assert not read_custody(kept).problems
    Draft202012Validator(custody_schema()).validate(second)


def test_a_custody_file_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("link", "no/such/folder"):
        with pytest.raises(NotAccessible, match="custody file"):
            reading(custody_file=tmp_path / name)
    assert not (tmp_path / "elsewhere").exists()


def test_the_record_of_a_set_is_no_custody_file(folder: Path):
    with pytest.raises(SettingsError, match="of a set itself"):
        reading(custody_file=folder / "custody.jsonl")


def test_a_torn_end_could_not_be_looked_at_until_the_next_line_explains_it(tmp_path: Path):
    whole = fetched(tmp_path / "whole", cloud(tmp_path / "home"))
    imgkit("check", whole)
    custody = whole / "custody.jsonl"
    custody.write_bytes(custody.read_bytes()[:-30])
    first, second = imgkit("check", whole), imgkit("check", whole)
    assert (first.code, "has no end" in first.out) == (3, True)
    assert second.code == 0
    assert "was cut off, as line" in second.out


@pytest.mark.parametrize("change", ["swap", "edit", "drop"])
def test_what_was_done_to_custody_is_named_by_check(tmp_path: Path, change: str):
    whole = fetched(tmp_path / "whole", cloud(tmp_path / "home"))
    custody = whole / "custody.jsonl"
    lines = custody.read_bytes().splitlines(keepends=True)
    changed = {
        "swap": [lines[1], lines[0], *lines[2:]],
        "edit": [lines[0].replace(b'"begin"', b'"began"'), *lines[1:]],
        "drop": lines[:1] + lines[2:],
    }
    custody.write_bytes(b"".join(changed[change]))
    ended = imgkit("check", whole)
    assert (ended.code, "custody.jsonl" in ended.err) == (60, True)
