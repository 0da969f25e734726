"""Tests of pipeline/repairing.py: a set in memory, broken and repaired; conversions are tested with qemu-img."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import FakeServices, waiting
from tests.unit.stages.verify.small_set import ARCHIVE, PARTS, flip, manifest_of, small_set

from imgkit.errors import Differs, SettingsError
from imgkit.evidence.image_set import open_image_set
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import Outcome
from imgkit.pipeline.repairing import RepairResult, repair_set


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, FakeServices]:
    return small_set(tmp_path)


def _repair(folder: Path, services: FakeServices, **fields: Any) -> RepairResult:
    return repair_set(services, folder, waiting(), custodian=Custodian(examiner="E"), say=lambda _: None, **fields)


def _sums(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".imgkit" not in path.parts)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_where_all_holds_nothing_is_written(made: tuple[Path, FakeServices]):
    folder, _ = made
    before = _sums(folder)
    result = _repair(*made)
    assert (result.repaired, result.unrepaired, result.after.held) == ((), (), True)
    assert _sums(folder) == before


@pytest.mark.parametrize("name", [ARCHIVE, PARTS, "system.raw", "digests/system.chunks"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_one_file_is_put_right_byte_for_byte(made: tuple[Path, FakeServices], name: str, *, is_gone: bool):
    folder, services = made
    before = _sums(folder)
    if is_gone:
        (folder / name).unlink()
    else:
        flip(folder / name, -20)
    result = _repair(folder, services)
    assert result.repaired == (name,)
    assert result.after.held
    after = _sums(folder)
    assert {each for each in before if before[each] != after[each]} <= {"imgkit.json", "custody.jsonl", "SHA256SUMS"}


def test_files_are_put_right_whose_folders_are_gone(made: tuple[Path, FakeServices]):
    folder, services = made
    before = _sums(folder)
    shutil.rmtree(folder / "objects")
    shutil.rmtree(folder / "digests")
    assert _repair(folder, services).after.held
    assert set(_sums(folder)) == set(before)


@pytest.mark.parametrize("name", [ARCHIVE, PARTS, "system.raw", "digests/system.chunks"])
def test_a_folder_in_a_files_place_stays_and_is_named(made: tuple[Path, FakeServices], name: str):
    folder, services = made
    (folder / name).unlink()
    (folder / name).mkdir()
    (folder / name / "mine").touch()
    ((told, why),) = _repair(folder, services).unrepaired
    assert (told, "is a folder" in why, "Move it away" in why) == (name, True, True)
    assert (folder / name / "mine").exists()


@pytest.mark.parametrize("name", ["SHA256SUMS", ARCHIVE, PARTS, "system.raw", "digests/system.chunks"])
def test_a_pipe_in_a_files_place_is_replaced(made: tuple[Path, FakeServices], name: str):
    folder, services = made
    (folder / name).unlink()
    os.mkfifo(folder / name)
    result = _repair(folder, services)
    assert (result.repaired, result.after.held) == ((name,), True)


def test_everything_at_once_is_put_right_along_the_chain(made: tuple[Path, FakeServices]):
    folder, services = made
    names = (ARCHIVE, "digests/system.chunks", "system.raw")
    for name in names:
        flip(folder / name, -20)
    assert set(_repair(folder, services).repaired) == set(names)


def test_every_repair_is_a_step_and_a_line_of_custody(made: tuple[Path, FakeServices]):
    folder, services = made
    flip(folder / "system.raw", -20)
    _repair(folder, services)
    step = manifest_of(folder).steps[-1]
    assert (step.step, step.outcome, step.arguments) == ("repair", Outcome.HELD, ("system.raw",))
    assert "guest view" in step.notes[0]
    line = json.loads((folder / "custody.jsonl").read_text().splitlines()[-1])
    assert (line["event"], line["subject"]["file"]) == ("repair", "system.raw")


def test_what_could_not_be_repaired_is_a_failed_step_and_stays_as_it_is(made: tuple[Path, FakeServices]):
    folder, services = made
    services.fake_store.keys.clear()
    flip(folder / ARCHIVE, -20)
    damaged = _sums(folder)[ARCHIVE]
    result = _repair(folder, services)
    assert [name for name, _ in result.unrepaired] == [ARCHIVE]
    assert not result.after.held
    assert _sums(folder)[ARCHIVE] == damaged
    assert manifest_of(folder).steps[-1].outcome is Outcome.FAILED


@pytest.mark.parametrize("name", ["imgkit.json", "custody.jsonl"])
def test_a_record_that_does_not_hold_repairs_nothing(made: tuple[Path, FakeServices], name: str):
    folder, services = made
    flip(folder / "system.raw", -20)
    path = folder / name
    path.write_text(path.read_text().replace("evidence", "evil").replace('"begin"', '"bogus"'))
    before = _sums(folder)
    with pytest.raises(Differs, match="record does not hold"):
        _repair(folder, services)
    assert _sums(folder) == before


def test_a_folder_that_is_no_set_is_said(tmp_path: Path, made: tuple[Path, FakeServices]):
    with pytest.raises(SettingsError):
        _repair(tmp_path / "home", made[1])


def test_sums_are_written_again(made: tuple[Path, FakeServices]):
    folder, services = made
    before = (folder / "SHA256SUMS").read_bytes()
    (folder / "SHA256SUMS").unlink()
    assert _repair(folder, services).repaired == ("SHA256SUMS",)
    assert (folder / "SHA256SUMS").read_bytes() == before


def test_a_set_may_be_opened_again_by_the_next_run(made: tuple[Path, FakeServices]):
    folder, services = made
    flip(folder / "system.raw", -20)
    _repair(folder, services)
    with open_image_set(folder, manifest_of(folder).source, custodian=Custodian(), now=waiting().now) as image_set:
        assert image_set.manifest.steps
