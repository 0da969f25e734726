"""Tests of cli/bag.py."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.cli.sets import cloud, fetched


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def _events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "custody.jsonl").read_text().splitlines()]


def test_the_bag_is_made_and_custody_knows(folder: Path, tmp_path: Path):
    ended = imgkit("bag", folder, "-o", tmp_path / "bag", "--examiner", "Ada")
    assert ended.code == 0, ended.err
    assert "was not read again" in ended.out
    assert _events(folder)[-2:] == ["bag-begun", "bag"]
    assert _events(tmp_path / "bag" / "data" / "set")[-1] == "bag-begun"


def test_the_result_says_how_each_file_came_there(folder: Path, tmp_path: Path):
    ended = imgkit("bag", folder, "-o", tmp_path / "bag", "--copy", "--verify", "--json")
    assert {each["how"] for each in ended.data["files"]} == {"copied"}
    assert ended.data["read_all"] is True


def test_the_set_in_a_bag_is_checked_and_left_as_it_is(folder: Path, tmp_path: Path):
    imgkit("bag", folder, "-o", tmp_path / "bag")
    inside = tmp_path / "bag" / "data" / "set"
    before = (inside / "custody.jsonl").read_bytes()
    kept = tmp_path / "kept.jsonl"
    assert "not recorded in custody" in imgkit("check", inside).err
    assert imgkit("check", inside, "--custody-file", kept).code == 0
    assert (inside / "custody.jsonl").read_bytes() == before
    assert "follows" in kept.read_text()


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert imgkit("bag", tmp_path / "empty", "-o", tmp_path / "bag").code == 4
