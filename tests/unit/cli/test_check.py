"""Tests of cli/check.py."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.cli.sets import cloud, fetched
from tests.unit.pipeline.road_fakes import SYSTEM_KEY

from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def _events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "custody.jsonl").read_text().splitlines()]


def test_a_set_that_holds_is_zero_with_every_link(folder: Path):
    ended = imgkit("check", folder)
    assert ended.code == 0, ended.err
    assert f"{folder} holds: " in ended.out
    assert "DIFFERS" not in ended.out


def test_what_differs_has_a_code_of_its_own_and_is_named(folder: Path):
    (folder / "objects" / SYSTEM_KEY).write_bytes(b"other bytes")
    ended = imgkit("check", folder)
    assert ended.code == 60
    assert "DIFFERS" in ended.out
    assert f"imgkit: {folder} does not hold: objects/{SYSTEM_KEY}" in ended.err


def test_a_result_that_differs_is_one_document(folder: Path):
    (folder / "objects" / SYSTEM_KEY).unlink()
    ended = imgkit("check", folder, "--json")
    assert ended.code == 60
    assert ended.data["held"] is False
    assert "failed" in {link["outcome"] for link in ended.data["links"]}


def test_could_not_look_is_neither_held_nor_different(folder: Path, monkeypatch):
    unknown = LinkOutcome(subject="system.raw", link="guest view", outcome=Outcome.UNDETERMINED, detail="I/O error")
    monkeypatch.setattr("imgkit.cli.check.check_set", lambda *_, **__: CheckResult(links=(unknown,)))
    ended = imgkit("check", folder)
    assert ended.code == 3
    assert "could not look" in ended.out
    assert "I/O error" in ended.err


def test_checking_writes_nothing_but_its_custody_line(folder: Path):
    before = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    imgkit("check", folder, "--examiner", "E", "--case", "C")
    after = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    assert {each for each in after if after[each] != before.get(each)} == {folder / "custody.jsonl"}
    assert _events(folder)[-1] == "check"
    assert '"E"' in (folder / "custody.jsonl").read_text().splitlines()[-1]


def test_the_examiner_may_be_settled_beforehand(folder: Path, monkeypatch):
    monkeypatch.setenv("IMGKIT_EXAMINER", "E of the variable")
    imgkit("check", folder)
    assert "E of the variable" in (folder / "custody.jsonl").read_text().splitlines()[-1]


def test_a_set_that_was_checked_holds_the_next_time(folder: Path):
    assert [imgkit("check", folder).code for _ in range(2)] == [0, 0]


def test_a_set_that_cannot_be_written_is_checked_all_the_same(folder: Path, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("imgkit.cli.custody.append_custody", refused)
    ended = imgkit("check", folder)
    assert ended.code == 0
    assert "Read-only file system" in ended.err


def test_a_single_file_without_a_record_says_how_far_it_was_looked_at(tmp_path: Path):
    (tmp_path / "disk.raw").write_bytes(bytes(510) + b"\x55\xaa")
    ended = imgkit("check", tmp_path / "disk.raw")
    assert ended.code == 3
    assert "no record beside it" in ended.err
    assert not (tmp_path / "custody.jsonl").exists()


def test_a_folder_that_is_no_set_is_no_bug(tmp_path: Path):
    ended = imgkit("check", tmp_path)
    assert (ended.code, "is no image set" in ended.err) == (4, True)


def test_what_is_not_there_is_named(tmp_path: Path):
    assert imgkit("check", tmp_path / "nowhere").code == 83
