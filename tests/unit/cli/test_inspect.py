"""Tests of cli/inspect.py."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.cli.sets import cloud, fetched
from tests.unit.render.sample_report import make_report

from imgkit.errors import ToolMissing
from imgkit.model.report import Report
from imgkit.model.subjects import Subject
from imgkit.pipeline.inspecting import ChosenDisks
from imgkit.render.report_json import report_document


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What looking gives, and what it was asked for."""
    told: dict[str, Any] = {"report": replace(make_report(), diagnostics=(), missing_disks=())}

    def inspect(_: object, chosen: ChosenDisks, **asked: object) -> Report:
        told.update(asked, chosen=chosen)
        if isinstance(told["report"], Exception):
            raise told["report"]
        report: Report = told["report"]
        return report

    monkeypatch.setattr("imgkit.cli.inspect.inspect_machine", inspect)
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def _raw(path: Path) -> Path:
    path.write_bytes(bytes(510) + b"\x55\xaa")
    return path


def test_a_set_is_looked_into_and_its_custody_says_so(look, folder: Path):
    ended = imgkit("inspect", folder, "--examiner", "E")
    assert ended.code == 0, ended.err
    assert "Alibaba Cloud Linux" in ended.out
    line = (folder / "custody.jsonl").read_text().splitlines()[-1]
    assert json.loads(line)["event"] == "inspect"
    assert '"E"' in line
    assert [image.path for image in look["chosen"].images] == [folder / "system.raw"]


def test_the_report_is_one_document(look, folder: Path):
    assert imgkit("inspect", folder, "--json").data == json.loads(json.dumps(report_document(look["report"])))


def test_a_report_that_lacks_something_is_done_in_part_and_still_one_document(look, folder: Path):
    look["report"] = make_report()
    ended = imgkit("inspect", folder, "--json")
    assert (ended.code, bool(ended.data)) == (3, True)
    assert "not complete" in ended.err


def test_disk_images_of_one_machine_are_looked_into_together(look, tmp_path: Path):
    system, data = _raw(tmp_path / "system.raw"), _raw(tmp_path / "more.raw")
    assert imgkit("inspect", system, "--disk", f"xvdb={data}", "--emulate").code == 0
    assert {str(image.role): image.path for image in look["chosen"].images} == {"system": system, "xvdb": data}
    assert look["look"].emulate is True
    assert not (tmp_path / "custody.jsonl").exists()


def test_what_keeps_from_looking_has_its_code(look, folder: Path):
    look["report"] = ToolMissing("libguestfs is not installed", hint="apt-get install it")
    assert imgkit("inspect", folder).code == 41
    assert json.loads((folder / "custody.jsonl").read_text().splitlines()[-1])["event"] != "inspect"


def test_a_read_only_set_is_looked_into_and_that_is_said(look, folder: Path, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("imgkit.cli.custody.append_custody", refused)
    ended = imgkit("inspect", folder)
    assert ended.code == 0
    assert "not recorded in custody" in ended.err


@pytest.mark.parametrize("name", ["nowhere.raw", "."])
def test_what_is_no_set_and_no_image_is_refused(look, tmp_path: Path, name):
    assert imgkit("inspect", tmp_path / name).code in {4, 83}
    assert "chosen" not in look


def test_a_report_can_be_about_some_subjects_alone(look, folder: Path):
    assert imgkit("inspect", folder, "--only", "identity,packages", "--skip", "packages").code == 0
    assert look["look"].subjects == {Subject.IDENTITY}


def test_what_is_no_subject_is_refused_with_those_that_are(look, folder: Path):
    ended = imgkit("inspect", folder, "--only", "pakages")
    assert ended.code == 2
    assert "pakages" in ended.err
    assert "packages" in ended.err


def test_leaving_out_what_alone_was_asked_for_is_refused(look, folder: Path):
    assert imgkit("inspect", folder, "--only", "boot", "--skip", "boot").code == 2


def test_the_subjects_are_listed_without_a_disk():
    listed = imgkit("inspect", "--list", "--json").data
    assert {one["subject"] for one in listed["subjects"]} == set(Subject)


def test_without_a_disk_there_is_nothing_to_look_at():
    assert imgkit("inspect").code == 2


def test_secrets_are_included_only_when_asked_for(look, folder: Path):
    imgkit("inspect", folder)
    assert look["look"].include_secrets is False
    imgkit("inspect", folder, "--include-secrets")
    assert look["look"].include_secrets is True
