"""Tests of evidence/whereabouts.py."""

from pathlib import Path

import pytest

from imgkit.evidence.whereabouts import bag_of, set_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bag" / "data" / "set"
    (made / "objects").mkdir(parents=True)
    (made / "imgkit.json").write_text("{}")
    return made


def test_a_set_and_its_files_are_in_the_set(folder: Path):
    assert {set_of(folder), set_of(folder / "system.raw"), set_of(folder / "objects" / "a")} == {folder}


def test_what_lies_beside_or_deeper_is_not(folder: Path):
    assert set_of(folder.parent / "disk.raw") is None
    assert set_of(folder / "objects" / "a" / "b") is None


def test_only_a_payload_beside_a_bags_mark_is_a_bag(folder: Path):
    assert bag_of(folder) is None
    (folder.parents[1] / "bagit.txt").touch()
    assert bag_of(folder) == folder.parents[1].resolve()
    assert bag_of(folder.parent) == folder.parents[1].resolve()
