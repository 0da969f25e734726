"""Tests of evidence/image_set.py."""

import errno
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path, PurePosixPath

import pytest

from imgkit.errors import AlreadyAtWork, Differs, NoRoom, NotAccessible, TargetExists
from imgkit.evidence.custody import read_custody
from imgkit.evidence.image_set import ImageSet, manifest_digest, open_image_set, read_manifest, set_of
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Outcome, Source, SourceKind, StepRecord
from imgkit.model.role import DiskRole

START = datetime(2026, 11, 22, tzinfo=UTC)
SOURCE = Source(kind=SourceKind.IMAGE, image_id="m-1", bucket="b")
Opener = Callable[..., AbstractContextManager[ImageSet]]


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    seconds = count()  # several threads may look at once

    def open_set(source: Source = SOURCE) -> AbstractContextManager[ImageSet]:
        who = Custodian(examiner="E")
        return open_image_set(
            tmp_path / "set", source, custodian=who, now=lambda: START + timedelta(seconds=next(seconds))
        )

    return open_set


def _step(name: str = "download") -> StepRecord:
    return StepRecord(step=name, started=START, ended=START, outcome=Outcome.HELD, role="system")


def _disk() -> DiskRecord:
    file = FileRecord(path=PurePosixPath("system.raw"), kind=FileKind.IMAGE, size=1, sha256="a" * 64)
    return DiskRecord(role=DiskRole(), files=(file,))


def test_a_new_set_has_its_record_at_once(opened, tmp_path):
    with opened():
        pass
    manifest = read_manifest(tmp_path / "set")
    assert manifest is not None
    assert manifest.source == SOURCE
    assert read_custody(tmp_path / "set" / "custody.jsonl").events == ("begin",)


def test_a_step_goes_into_manifest_custody_and_sums(opened, tmp_path):
    with opened() as image_set:
        image_set.record_step(_step(), _disk())
    folder = tmp_path / "set"
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.steps == (_step(),)
    assert manifest.disks == (_disk(),)
    assert (folder / "SHA256SUMS").read_text() == f"{'a' * 64}  system.raw\n"
    custody = read_custody(folder / "custody.jsonl")
    assert custody.events == ("begin", "download")
    assert manifest.custody == custody.head


def test_steps_that_end_in_several_threads_are_all_recorded(opened, tmp_path):
    with opened() as image_set, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: image_set.record_step(_step(f"step{number}")), range(12)))
    manifest = read_manifest(tmp_path / "set")
    assert manifest is not None
    assert sorted(each.step for each in manifest.steps) == sorted(f"step{number}" for number in range(12))
    custody = read_custody(tmp_path / "set" / "custody.jsonl")
    assert (custody.problems, manifest.custody) == ((), custody.head)


def test_a_set_is_gone_on_with_and_its_record_kept(opened):
    with opened() as image_set:
        image_set.record_step(_step(), _disk())
    with opened() as image_set:
        assert image_set.manifest.disk(DiskRole()) == _disk()


def test_a_crash_after_the_custody_line_leaves_a_set_that_holds(opened, tmp_path, monkeypatch):
    with opened() as image_set:
        monkeypatch.setattr("imgkit.evidence.image_set.write_bytes_durably", _crash)
        with pytest.raises(KeyboardInterrupt):
            image_set.record_step(_step(), _disk())
    manifest = read_manifest(tmp_path / "set")
    assert manifest is not None
    assert manifest.custody is not None
    custody = read_custody(tmp_path / "set" / "custody.jsonl")
    assert custody.extends(manifest.custody)
    assert not custody.problems


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_another_source_is_refused_and_named(opened):
    with opened():
        pass
    other = Source(kind=SourceKind.IMAGE, image_id="m-2", bucket="b")
    with pytest.raises(TargetExists, match=r"m-1.*m-2"), opened(other):
        pytest.fail("the block must not run")


def test_a_folder_with_something_else_in_it_is_refused(opened, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.doc").write_text("precious")
    with pytest.raises(TargetExists, match=r"thesis\.doc"), opened():
        pytest.fail("the block must not run")
    assert [each.name for each in (tmp_path / "set").iterdir()] == ["thesis.doc"]


def test_a_file_in_the_folders_place_is_refused(opened, tmp_path):
    (tmp_path / "set").write_text("")
    with pytest.raises(TargetExists, match="is a file"), opened():
        pytest.fail("the block must not run")


def test_a_second_run_is_told_of_the_first(opened):
    with opened(), pytest.raises(AlreadyAtWork), opened():
        pytest.fail("the block must not run")


def test_a_damaged_manifest_differs_and_is_not_replaced(opened, tmp_path):
    with opened():
        pass
    path = tmp_path / "set" / "imgkit.json"
    path.write_text("{}")
    with pytest.raises(Differs, match=r"imgkit\.json"), opened():
        pytest.fail("the block must not run")
    assert path.read_text() == "{}"


def test_no_manifest_is_none(tmp_path):
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "none") is None


def test_the_manifest_is_canonical_json(opened, tmp_path):
    with opened():
        pass
    text = (tmp_path / "set" / "imgkit.json").read_text()
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, indent=2) + "\n"


def test_a_run_that_was_killed_before_its_first_manifest_is_begun_again(opened, tmp_path):
    folder = tmp_path / "set"
    (folder / ".imgkit").mkdir(parents=True)
    (folder / "custody.jsonl").write_text("")
    (folder / "imgkit.json.imgkit-partial").write_text("{")
    with opened():
        pass
    assert read_manifest(folder) is not None
    assert not (folder / "imgkit.json.imgkit-partial").exists()


def test_sums_that_a_crash_left_behind_are_written_anew_and_custody_says_so(opened, tmp_path):
    with opened() as image_set:
        image_set.record_step(_step(), _disk())
    sums = tmp_path / "set" / "SHA256SUMS"
    whole = sums.read_bytes()
    sums.write_bytes(b"")
    with opened():
        pass
    assert sums.read_bytes() == whole
    assert read_custody(tmp_path / "set" / "custody.jsonl").events[-1] == "mend"


def test_each_custody_line_carries_the_digest_of_its_manifest(opened, tmp_path):
    with opened() as image_set:
        image_set.record_step(_step(), _disk())
    manifest = json.loads((tmp_path / "set" / "imgkit.json").read_bytes())
    last = json.loads((tmp_path / "set" / "custody.jsonl").read_text().splitlines()[-1])
    assert last["subject"]["manifest_sha256"] == manifest_digest(manifest)
    assert manifest_digest({**manifest, "created": "other"}) != manifest_digest(manifest)


@pytest.mark.parametrize("name", [".imgkit", "objects", "digests", "report", "custody.jsonl"])
def test_a_link_inside_a_set_is_refused(opened, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    with opened():
        pass
    place = tmp_path / "set" / name
    if place.exists():
        place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotAccessible, match="symbolic link"), opened():
        pytest.fail("the block must not run")


@pytest.mark.parametrize("path", ["../victim", "/etc/victim", "objects/../../victim"])
def test_a_manifest_that_names_files_outside_its_set_is_refused(opened, tmp_path, path):
    with opened() as image_set:
        image_set.record_step(_step(), _disk())
    stored = tmp_path / "set" / "imgkit.json"
    stored.write_text(stored.read_text().replace("system.raw", path))
    with pytest.raises(Differs, match="not in the set"):
        read_manifest(tmp_path / "set")


def test_a_newer_schema_is_not_called_damaged(opened, tmp_path):
    with opened():
        pass
    stored = tmp_path / "set" / "imgkit.json"
    stored.write_text(stored.read_text().replace("imgkit/manifest/1", "imgkit/manifest/2"))
    with pytest.raises(NotAccessible, match="newer schema"):
        read_manifest(tmp_path / "set")


def test_a_full_disk_is_told_as_such(opened, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened() as image_set:
        monkeypatch.setattr("imgkit.evidence.image_set.write_bytes_durably", full)
        with pytest.raises(NoRoom):
            image_set.record_step(_step(), _disk())


def test_a_set_and_its_files_are_in_the_set_and_what_lies_beside_or_deeper_is_not(tmp_path):
    folder = tmp_path / "set"
    (folder / "objects").mkdir(parents=True)
    (folder / "imgkit.json").write_text("{}")
    assert {set_of(folder), set_of(folder / "system.raw"), set_of(folder / "objects" / "a")} == {folder}
    assert set_of(tmp_path / "disk.raw") is None
    assert set_of(folder / "objects" / "a" / "b") is None


def test_a_manifest_of_before_the_callers_and_clocks_is_read_and_says_that_they_are_not_known(opened, tmp_path):
    """Schema 1 as it was first: without fields that were added since."""
    with opened() as image_set:
        image_set.record("locate", image_set.manifest.with_disk(_disk()))
    path = tmp_path / "set" / "imgkit.json"
    plain = json.loads(path.read_text())
    for field in ("caller", "clock"):
        del plain["source"][field]
    del plain["findings"]
    del plain["disks"][0]["unpacked"]
    path.write_text(json.dumps(plain))
    manifest = read_manifest(tmp_path / "set")
    assert manifest is not None
    assert (manifest.source.caller, manifest.source.clock, manifest.findings) == (None, None, ())
    assert manifest.disks[0].unpacked is None
