"""Tests of stages/verify/records.py."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.stages.verify.small_set import flip, manifest_of, small_set

from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import Manifest, Outcome
from imgkit.model.role import DiskRole
from imgkit.stages.verify.records import check_record, strangers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_set(tmp_path)[0]


def _bad(folder: Path, manifest: Manifest | None = None) -> list[LinkOutcome]:
    links = check_record(folder, manifest or manifest_of(folder))
    return [link for link in links if link.outcome is not Outcome.HELD]


def test_a_record_that_nobody_touched_holds(folder: Path):
    assert _bad(folder) == []
    assert list(strangers(folder, manifest_of(folder))) == []


@pytest.mark.parametrize("name", ["SHA256SUMS", "custody.jsonl"])
def test_a_flipped_bit_is_named(folder: Path, name: str):
    flip(folder / name, 3)
    assert {link.subject for link in _bad(folder)} == {name}


def test_custody_that_is_gone_does_not_extend_the_manifests_head(folder: Path):
    (folder / "custody.jsonl").unlink()
    assert [link.link for link in _bad(folder)] == ["extends the head in the manifest"]


def test_a_late_object_breaks_the_link_of_its_disk(folder: Path):
    manifest = manifest_of(folder)
    disk, task = manifest.disks[0], manifest.source.task
    assert disk.object is not None
    assert task is not None
    ended = manifest.created
    late = replace(disk, object=replace(disk.object, last_modified=ended + timedelta(hours=1)))
    changed = replace(manifest, disks=(late,), source=replace(manifest.source, task=replace(task, finished=ended)))
    (link,) = _bad(folder, changed)
    assert (link.disk, link.outcome) == ("system", Outcome.FAILED)
    assert link.subject.startswith("oss://")


def test_a_disk_that_is_not_here_yet_is_undetermined(folder: Path):
    (link,) = _bad(folder, replace(manifest_of(folder), missing=(DiskRole("xvdb"),)))
    assert (link.subject, link.outcome) == ("disk xvdb", Outcome.UNDETERMINED)


def test_what_is_not_in_the_record_is_named_and_signatures_are_known(folder: Path):
    (folder / "imgkit.json.sig").touch()
    (folder / "objects" / "other").symlink_to("/etc/hostname")
    told = list(strangers(folder, manifest_of(folder)))
    assert len(told) == 2
    assert all("objects/other" in note for note in told)


def test_a_folder_behind_a_link_is_named(folder: Path, tmp_path: Path):
    (folder / "objects").rename(tmp_path / "elsewhere")
    (folder / "objects").symlink_to(tmp_path / "elsewhere")
    (folder / "added").symlink_to("/etc")
    told = list(strangers(folder, manifest_of(folder)))
    assert [each.partition(" is ")[0] for each in told] == ["'added'", "'added'", "'objects'"]
    assert "symbolic link" in told[2]


@pytest.mark.parametrize(("old", "new"), [("{", '{"schema": "another",'), ("\n", "\r\n"), ("  ", " ")])
def test_a_manifest_that_says_the_same_in_other_bytes_is_named(folder: Path, old: str, new: str):
    """Of two fields of one name most readers take the last, and a person the first."""
    manifest = folder / "imgkit.json"
    manifest.write_bytes(manifest.read_bytes().replace(old.encode(), new.encode(), 1))
    (link,) = _bad(folder)
    assert (link.subject, link.outcome) == ("imgkit.json", Outcome.FAILED)
    assert "other bytes" in link.detail
