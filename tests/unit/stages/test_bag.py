"""Tests of stages/bag.py; bagit's own validator judges."""

import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import bagit
import pytest
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import WHEN, WHO, signed

from imgkit.errors import AlreadyAtWork, Differs, NoRoom, NotAccessible, SettingsError, TargetExists
from imgkit.evidence.custody import append_custody
from imgkit.evidence.image_set import open_image_set, read_manifest
from imgkit.files.lock import exclusive_lock
from imgkit.files.placing import Placing
from imgkit.model.manifest import FileState
from imgkit.stages import bag
from imgkit.stages.bag import BagDone, BagWish, bag_set
from imgkit.stages.verify import check_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = fetched(tmp_path / "set", cloud(tmp_path / "home"))
    signed(made)
    return made


LINKING = BagWish()


def _bag(folder: Path, wish: BagWish = LINKING, *, name: str = "bag") -> BagDone:
    def begun() -> None:
        append_custody(folder / "custody.jsonl", "bag-begun", custodian=WHO, now=WHEN)

    target = folder.parent / name
    return bag_set(folder, target, wish, custodian=WHO, today=date(2026, 11, 28), begun=begun, say=lambda _: None)


def _left(folder: Path) -> set[str]:
    return {each.name for each in folder.parent.iterdir() if each.name.startswith("bag")}


def test_the_bag_is_valid_and_the_set_in_it_holds(folder: Path):
    done = _bag(folder)
    assert bagit.Bag(str(done.path)).validate()
    assert check_set(done.inside).held
    assert (done.inside / "imgkit.json.signed-1.tsr").exists()


def test_nothing_large_is_copied_on_the_same_file_system(folder: Path):
    done = _bag(folder)
    assert {how for _, _, how in done.files} <= {Placing.SHARED, Placing.LINKED}


def test_custody_is_a_copy_that_goes_on_in_the_set_alone(folder: Path):
    done = _bag(folder)
    assert '"bag-begun"' in (done.inside / "custody.jsonl").read_text()
    append_custody(folder / "custody.jsonl", "check", custodian=WHO, now=WHEN)
    assert bagit.Bag(str(done.path)).validate()


def test_who_hands_over_stands_in_the_bag(folder: Path):
    info = bagit.Bag(str(_bag(folder).path)).info
    assert (info["Contact-Name"], info["Internal-Sender-Identifier"]) == ("Ada", "C")
    assert info["Bagging-Date"] == "2026-11-28"


def test_copies_are_independent_and_keep_their_holes(folder: Path):
    done = _bag(folder, BagWish(copies=True))
    assert {how for _, _, how in done.files} == {Placing.COPIED}
    disk, copy = (each / "system.raw" for each in (folder, done.inside))
    assert not disk.samefile(copy)
    assert copy.stat().st_blocks <= disk.stat().st_blocks


def test_what_nobody_recorded_stays_behind(folder: Path):
    (folder / "notes.txt").write_text("mine")
    done = _bag(folder)
    assert not (done.inside / "notes.txt").exists()
    assert not (done.inside / ".imgkit").exists()


@pytest.mark.parametrize("wish", [BagWish(copies=True), BagWish(read_all=True)])
def test_a_file_that_is_damaged_makes_no_bag_where_it_is_read(folder: Path, wish: BagWish):
    with (folder / "system.raw").open("r+b") as disk:
        disk.seek(4097)
        disk.write(b"X")
    with pytest.raises(Differs, match=r"system\.raw"):
        _bag(folder, wish)
    assert _left(folder) == set()


@pytest.mark.parametrize("breaking", ["remove", "cut", "link"])
def test_a_file_that_is_missing_cut_or_a_link_makes_no_bag(folder: Path, breaking: str):
    path = folder / "system.raw"
    if breaking == "cut":
        os.truncate(path, 512)
    else:
        path.unlink()
    if breaking == "link":
        path.symlink_to("/etc/passwd")
    with pytest.raises((Differs, NotAccessible), match=r"system\.raw"):
        _bag(folder)
    assert _left(folder) == set()


def test_what_is_there_is_not_overwritten(folder: Path):
    _bag(folder)
    with pytest.raises(TargetExists):
        _bag(folder)


def test_a_bag_inside_the_set_is_refused(folder: Path):
    with pytest.raises(SettingsError, match="in the set itself"):
        _bag(folder, name="set/bag")


def test_a_name_with_a_line_break_is_refused_before_anything_is_written(folder: Path):
    renamed = folder.rename(folder.with_name("two\nlines"))
    with pytest.raises(SettingsError, match="line break"):
        _bag(renamed)
    assert not _left(renamed)


def test_where_nothing_can_be_shared_nothing_is_copied_unasked(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imgkit.stages.bag.place_without_copying", lambda *_: None)
    with pytest.raises(NotAccessible, match="neither shared nor linked") as refused:
        _bag(folder)
    assert "--copy" in refused.value.hint
    assert _left(folder) == set()


def test_a_full_disk_is_known_before_anything_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imgkit.stages.bag.shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(NoRoom, match="free"):
        _bag(folder, BagWish(copies=True))
    assert _left(folder) == set()


def test_a_set_in_a_bag_can_be_bagged_again(folder: Path):
    first = _bag(folder)
    done = bag_set(
        first.inside,
        folder.parent / "again",
        BagWish(),
        custodian=WHO,
        today=date(2026, 11, 28),
        begun=lambda: None,
        say=lambda _: None,
    )
    assert bagit.Bag(str(done.path)).validate()


def test_files_that_never_lay_in_the_set_are_named(folder: Path):
    manifest = read_manifest(folder)
    assert manifest is not None
    (disk,) = manifest.disks
    away = replace(disk.files[0], path=PurePosixPath("/elsewhere/a.tar.gz"), state=FileState.OUTSIDE)
    with open_image_set(folder, manifest.source, custodian=WHO, now=lambda: WHEN) as image_set:
        image_set.record("locate", manifest.with_disk(replace(disk, files=(*disk.files, away))))
    assert _bag(folder).outside == ("/elsewhere/a.tar.gz",)


def test_a_set_at_which_another_run_works_is_not_put_into_a_bag(folder: Path):
    with exclusive_lock(folder / ".imgkit" / "lock", what="the set"), pytest.raises(AlreadyAtWork):
        _bag(folder)
    assert _left(folder) == set()


def test_no_other_run_writes_to_the_set_meanwhile(folder: Path):
    def begun() -> None:
        with exclusive_lock(folder / ".imgkit" / "lock", what="the set"):
            pass

    with pytest.raises(AlreadyAtWork):
        bag_set(
            folder, folder.parent / "bag", LINKING, custodian=WHO, today=WHEN.date(), begun=begun, say=lambda _: None
        )
    assert _left(folder) == set()


@pytest.mark.parametrize("copies", [False, True])
def test_where_no_lock_can_be_had_a_record_that_changed_meanwhile_is_told(
    folder: Path, copies: bool, monkeypatch: pytest.MonkeyPatch
):
    shutil.rmtree(folder / ".imgkit")
    manifest = folder / "imgkit.json"

    def change(source: Path, inside: Path) -> dict[str, bytes]:
        manifest.write_bytes(manifest.read_bytes() + b"\n")
        return copy_record(source, inside)

    copy_record = bag._copy_record
    monkeypatch.setattr(bag, "_copy_record", change)
    with pytest.raises(AlreadyAtWork, match="another run changed"):
        _bag(folder, BagWish(copies=copies))
    assert _left(folder) == set()
    assert not (folder / ".imgkit").exists()
