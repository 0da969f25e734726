"""Tests of evidence/statements.py."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import WHEN, WHO, signed

from imgkit.errors import SettingsError
from imgkit.evidence.codec import to_json
from imgkit.evidence.custody import append_custody, read_custody
from imgkit.evidence.statements import (
    made_according_to,
    make_statement,
    next_name,
    read_small,
    statements_in,
)
from imgkit.model.signing import SignatureKind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def test_the_same_set_at_the_same_moment_gives_the_same_bytes(folder: Path):
    first, second = (to_json(make_statement(folder, custodian=WHO, now=WHEN)) for _ in range(2))
    assert first == second
    assert json.loads(first)["custody_begin"] == read_custody(folder / "custody.jsonl").digests[0]


def test_a_line_more_in_custody_is_another_head_and_the_same_manifest(folder: Path):
    before = make_statement(folder, custodian=WHO, now=WHEN)
    append_custody(folder / "custody.jsonl", "check", custodian=WHO, now=WHEN)
    after = make_statement(folder, custodian=WHO, now=WHEN)
    assert (after.manifest, after.custody.lines) == (before.manifest, before.custody.lines + 1)


def test_statements_come_with_their_signatures_by_number_and_not_by_name(folder: Path):
    for _ in range(11):
        signed(folder)
    found = statements_in(folder)
    assert [each.name.rpartition("-")[2] for each in found] == [str(number) for number in range(1, 12)]
    assert {file.kind for each in found for file in each.signatures} == {SignatureKind.TIMESTAMP}
    assert next_name(folder) == "imgkit.json.signed-12"


@pytest.mark.parametrize(
    "name", ["imgkit.json.signed-0", "imgkit.json.signed-01", "imgkit.json.signed-x", "imgkit.json.sig"]
)
def test_other_names_are_no_statements(folder: Path, name: str):
    (folder / name).write_text("{}")
    assert statements_in(folder) == ()


def test_what_cannot_be_read_is_told_apart_from_what_is_none(folder: Path):
    (folder / "imgkit.json.signed-1").mkdir()
    (folder / "imgkit.json.signed-2").write_text("hello")
    unread, none = statements_in(folder)
    assert (unread.problem, bool(unread.unseen)) == ("", True)
    assert (none.unseen, "no statement" in none.problem) == ("", True)


def test_custody_tells_what_was_made(folder: Path):
    done = signed(folder)
    told = made_according_to(read_custody(folder / "custody.jsonl"))
    assert set(told) == {done.path.name, f"{done.path.name}.tsr"}


@pytest.mark.parametrize("made", [None, [], "x", {"a": 5}, {"a": None}])
def test_a_line_that_tells_it_otherwise_tells_nothing(folder: Path, made: object):
    append_custody(folder / "custody.jsonl", "sign", custodian=WHO, now=WHEN, subject={"made": made})
    assert made_according_to(read_custody(folder / "custody.jsonl")) == {}


def test_what_is_too_large_for_a_signature_is_not_read_as_one(tmp_path: Path):
    (tmp_path / "large").write_bytes(bytes(2**20 + 1))
    with pytest.raises(ValueError, match="more than"):
        read_small(tmp_path / "large")


def test_a_folder_without_a_manifest_has_nothing_to_sign(tmp_path: Path):
    with pytest.raises(SettingsError):
        make_statement(tmp_path, custodian=WHO, now=WHEN)
