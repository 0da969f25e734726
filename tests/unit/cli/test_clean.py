"""Tests of cli/clean.py."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.cli.sets import cloud, fetched
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, FakeServices, archive, services

from imgkit.errors import AccessDenied


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    fake = cloud(tmp_path / "home")
    monkeypatch.setattr("imgkit.cli.clean.open_services", opening(fake))
    return fake


@pytest.fixture
def folder(tmp_path: Path, made: FakeServices) -> Path:
    return fetched(tmp_path / "set", made)


def _events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "custody.jsonl").read_text().splitlines()]


def test_exactly_the_sets_objects_go(folder: Path, made: FakeServices):
    made.fake_store.put(f"{SYSTEM_KEY}.other", b"mine")
    ended = imgkit("clean", folder, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.data == {"removed": [f"oss://evidence/{SYSTEM_KEY}"], "gone_before": []}
    assert made.fake_store.deleted == [SYSTEM_KEY]


def test_what_goes_is_shown_and_asked_for_on_standard_error(folder: Path, made: FakeServices):
    ended = imgkit("clean", folder, given="y\n")
    assert ended.code == 0
    assert f"oss://evidence/{SYSTEM_KEY}" in ended.err
    assert "Delete these 1 objects for good?" in ended.err
    assert ended.out == "removed 1 objects\n"


@pytest.mark.parametrize("answer", ["n", "", "maybe"])
def test_all_but_yes_is_no(folder: Path, made: FakeServices, answer):
    ended = imgkit("clean", folder, "--json", given=f"{answer}\n")
    assert (ended.code, ended.data["removed"]) == (0, [])
    assert made.fake_store.deleted == []
    assert "clean" not in _events(folder)


def test_no_answer_is_no_agreement_and_no_bug(folder: Path, made: FakeServices):
    ended = imgkit("clean", folder)
    assert ended.code == 4
    assert "--yes" in ended.err
    assert made.fake_store.deleted == []


def test_the_record_says_before_and_after_what_goes_and_who_did_it(folder: Path):
    imgkit("clean", folder, "--yes", "--examiner", "E")
    assert _events(folder)[-2:] == ["clean-begun", "clean"]
    assert SYSTEM_KEY in (folder / "custody.jsonl").read_text().splitlines()[-1]
    assert '"E"' in (folder / "custody.jsonl").read_text().splitlines()[-1]
    assert imgkit("check", folder).code == 0


def test_a_deletion_that_fails_is_not_recorded_as_done(folder: Path, made: FakeServices, monkeypatch):
    def refused(*_: object) -> None:
        raise AccessDenied("no DeleteObject")

    monkeypatch.setattr(type(made.fake_store), "delete", refused)
    assert imgkit("clean", folder, "--yes").code == 11
    assert _events(folder)[-1] == "clean-begun"


def test_an_object_that_is_another_by_now_is_left_alone(folder: Path, made: FakeServices):
    made.fake_store.put(SYSTEM_KEY, archive() + b"more")
    assert imgkit("clean", folder, "--yes").code == 22
    assert made.fake_store.deleted == []


def test_run_again_it_says_what_was_gone(folder: Path, made: FakeServices):
    imgkit("clean", folder, "--yes")
    assert imgkit("clean", folder, "--json").data == {"removed": [], "gone_before": [SYSTEM_KEY]}


def test_a_set_that_does_not_hold_keeps_its_objects(folder: Path, made: FakeServices):
    disk = folder / "system.raw"
    disk.write_bytes(b"x" + disk.read_bytes()[1:])
    ended = imgkit("clean", folder, "--yes")
    assert (ended.code, "nothing is removed" in ended.err) == (60, True)
    assert made.fake_store.deleted == []


def test_a_set_whose_disk_is_gone_keeps_its_objects(folder: Path, made: FakeServices):
    (folder / "system.raw").unlink()
    (folder / "objects" / SYSTEM_KEY).unlink()
    assert imgkit("clean", folder, "--yes").code == 60
    assert made.fake_store.deleted == []


def test_a_set_that_lacks_a_disk_keeps_its_objects(folder: Path, made: FakeServices):
    path = folder / "imgkit.json"
    manifest = json.loads(path.read_text())
    manifest["missing"] = ["xvdb"]
    path.write_text(json.dumps(manifest))
    ended = imgkit("clean", folder, "--yes")
    assert ended.code != 0
    assert made.fake_store.deleted == []


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("imgkit.cli.clean.open_services", opening(services(tmp_path)))
    assert imgkit("clean", tmp_path).code == 4
