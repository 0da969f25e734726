"""Tests of stages/verify_custody_file.py."""

from pathlib import Path

import pytest
from tests.unit.stages.signed_sets import WHEN, WHO

from imgkit.evidence.custody import append_custody, read_custody
from imgkit.model.manifest import Outcome
from imgkit.stages.verify_custody_file import check_custody_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "set"
    made.mkdir()
    for event in ("begin", "download"):
        append_custody(made / "custody.jsonl", event, custodian=WHO, now=WHEN)
    return made


@pytest.fixture
def kept(folder: Path) -> Path:
    file = folder.parent / "kept.jsonl"
    for event in ("check", "inspect"):
        follows = read_custody(folder / "custody.jsonl").here()
        append_custody(file, event, custodian=WHO, now=WHEN, follows=follows)
    return file


def _failed(kept: Path, folder: Path) -> list[str]:
    return [link.detail for link in check_custody_file(kept, folder).of(Outcome.FAILED)]


def test_lines_that_follow_the_sets_custody_hold_also_when_it_went_on(kept: Path, folder: Path):
    append_custody(folder / "custody.jsonl", "convert", custodian=WHO, now=WHEN)
    result = check_custody_file(kept, folder)
    assert (result.held, len(result.links)) == (True, 2)


def test_a_custody_that_was_rewritten_is_found_from_outside(kept: Path, folder: Path):
    begin = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)[0]
    (folder / "custody.jsonl").write_bytes(begin)
    append_custody(folder / "custody.jsonl", "unpack", custodian=WHO, now=WHEN)
    assert _failed(kept, folder)[0].startswith("line 1 follows line 2 of custody.jsonl")


def test_a_changed_line_of_the_file_itself_is_found(kept: Path, folder: Path):
    kept.write_bytes(kept.read_bytes().replace(b'"check"', b'"clean"'))
    assert _failed(kept, folder) == ["line 2 does not carry the digest of the line before it"]


def test_lines_about_another_set_are_left_to_that_set(kept: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    append_custody(other / "custody.jsonl", "begin", custodian=WHO, now=WHEN.replace(year=2027))
    result = check_custody_file(kept, other)
    assert (result.held, len(result.links)) == (True, 1)
