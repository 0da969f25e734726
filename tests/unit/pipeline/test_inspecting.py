"""Tests of pipeline/inspecting.py."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, Road, services, waiting
from tests.unit.render.sample_report import make_report
from tests.unit.stages.cloud_fakes import SYSTEM, XVDB

from imgkit.errors import Differs, ImgkitError, NotAccessible, NotADiskImage, SettingsError, ToolMissing
from imgkit.model.custodian import Custodian
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Outcome
from imgkit.model.report import Report
from imgkit.pipeline.fetching import FetchResult, fetch
from imgkit.pipeline.inspecting import ChosenDisks, disks_of_images, disks_of_set, inspect_machine
from imgkit.pipeline.request import Keep, recorded_step
from imgkit.render.report_json import report_bytes


def _report(*, complete: bool) -> Report:
    return replace(make_report(), diagnostics=(), missing_disks=()) if complete else make_report()


class Inspector:
    """Gives the sample report; `seen` are the images it was asked about."""

    def __init__(self, *, complete: bool = True, error: ImgkitError | None = None) -> None:
        self.report, self.error = _report(complete=complete), error
        self.seen: list[ChosenDisks] = []

    def __call__(self, _: object, chosen: ChosenDisks, **__: object) -> Report:
        self.seen.append(chosen)
        if self.error is not None:
            raise self.error
        return self.report


def _fetch(road: Road, monkeypatch: pytest.MonkeyPatch, inspector: Inspector, **fields: Any) -> FetchResult:
    monkeypatch.setattr("imgkit.pipeline.inspecting.inspect_machine", inspector)
    request = road.request(**({"inspect": True} | fields))
    return fetch(road.services, request, waiting(), custodian=Custodian(), say=road.said.append)


def _raw(folder: Path, name: str, content: bytes = bytes(510) + b"\x55\xaa") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# --- the set that is being fetched ---


def test_a_report_is_written_into_the_set_and_its_record(road: Road, monkeypatch):
    inspector = Inspector()
    result = _fetch(road, monkeypatch, inspector)
    path = road.folder / "report" / "inspect.json"
    assert path.read_bytes() == report_bytes(inspector.report)
    assert [each.path.as_posix() for each in result.manifest.reports] == ["report/inspect.json"]
    assert result.shortfalls == ()
    (chosen,) = inspector.seen
    assert chosen.expected == (SYSTEM,)
    assert [image.path for image in chosen.images] == [road.folder / "system.raw"]


def test_a_set_with_its_report_is_not_inspected_again(road: Road, monkeypatch):
    _fetch(road, monkeypatch, Inspector())
    again = Inspector()
    assert _fetch(road, monkeypatch, again).already_done
    assert not again.seen


def test_a_report_that_was_lost_is_made_again(road: Road, monkeypatch):
    _fetch(road, monkeypatch, Inspector())
    (road.folder / "report" / "inspect.json").unlink()
    _fetch(road, monkeypatch, Inspector())
    assert (road.folder / "report" / "inspect.json").exists()


def test_what_keeps_from_looking_leaves_the_set_with_a_shortfall(road: Road, monkeypatch):
    error = ToolMissing("libguestfs is not installed", hint="apt-get install it")
    for _ in range(2):
        result = _fetch(road, monkeypatch, Inspector(error=error))
        assert result.shortfalls == ("not inspected: libguestfs is not installed (apt-get install it)",)
    assert (road.folder / "system.raw").exists()
    last = result.manifest.steps[-1]
    assert (last.step, last.outcome, last.reason) == ("inspect", Outcome.UNDETERMINED, "libguestfs is not installed")


def test_a_report_that_lacks_something_is_told_in_every_run(road: Road, monkeypatch):
    first = _fetch(road, monkeypatch, Inspector(complete=False))
    second = _fetch(road, monkeypatch, Inspector(complete=False))
    assert first.shortfalls == second.shortfalls
    assert "not complete" in first.shortfalls[0]
    assert second.already_done


def test_without_any_image_left_that_is_what_is_told(road: Road, monkeypatch):
    keep = frozenset({Keep.OBJECTS})
    _fetch(road, monkeypatch, Inspector(), inspect=False, keep=keep)
    inspector = Inspector()
    result = _fetch(road, monkeypatch, inspector, keep=keep)
    assert "no disk image" in result.shortfalls[0]
    assert not inspector.seen


# --- which images belong to which disk ---


def _set_with(road: Road, *names: str) -> Path:
    files = tuple(
        FileRecord(
            path=PurePosixPath(name),
            kind=FileKind.IMAGE,
            size=3,
            sha256="a" * 64,
            format=DiskFormat(name.rpartition(".")[2]),
        )
        for name in names
    )
    with road.run() as run, recorded_step(run, "unpack", SYSTEM) as draft:
        draft.finish(DiskRecord(role=SYSTEM, object=road.store.describe(SYSTEM_KEY), files=files))
    return road.folder


def test_of_a_sets_images_the_raw_one_is_looked_into(road: Road):
    folder = _set_with(road, "system.qcow2", "system.raw")
    (image,) = disks_of_set(folder).images
    assert (image.path, image.format, image.role) == (folder / "system.raw", DiskFormat.RAW, SYSTEM)


def test_a_set_without_an_image_says_how_to_have_one(road: Road):
    folder = _set_with(road)
    with pytest.raises(NotAccessible, match="no image of disk system") as caught:
        disks_of_set(folder)
    assert "imgkit fetch" in caught.value.hint


def test_a_folder_that_is_no_set_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="is no image set"):
        disks_of_set(tmp_path)


def test_a_damaged_manifest_is_no_missing_one(tmp_path):
    (tmp_path / "imgkit.json").write_text("{")
    with pytest.raises(Differs):
        disks_of_set(tmp_path)


def _roles(*paths: Path, **assigned: str) -> dict[str, str]:
    chosen = disks_of_images(paths, {XVDB if role == "xvdb" else SYSTEM: name for role, name in assigned.items()})
    return {image.path.name: str(image.role) for image in chosen.images}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("system.raw", "system"),
        ("xvdb.raw", "xvdb"),
        ("vdc.qcow2.raw", "vdc"),
        ("case_m-1a2b3c_data_xvdd.raw", "xvdd"),
        ("disk.raw", "system"),
        ("vdisk.raw", "system"),
        ("xvdé.raw", "system"),
    ],
)
def test_a_file_name_says_which_disk_it_is(tmp_path, name, role):
    assert _roles(_raw(tmp_path, name)) == {name: role}


def test_names_that_say_nothing_are_not_guessed(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot tell which disk .*two\.raw") as caught:
        _roles(_raw(tmp_path, "one.raw"), _raw(tmp_path, "two.raw"))
    assert "--disk xvdb=FILE" in caught.value.hint


def test_two_files_of_one_disk_are_refused(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(SettingsError, match="cannot tell which disk"):
        _roles(_raw(tmp_path, "system.raw"), _raw(tmp_path / "old", "system.raw"))


def test_what_the_user_says_goes_before_names(tmp_path):
    one, two = _raw(tmp_path, "one.raw"), _raw(tmp_path, "system.raw")
    assert _roles(one, xvdb=str(two)) == {"one.raw": "system", "system.raw": "xvdb"}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotAccessible, match=r"gone\.raw"):
        _roles(tmp_path / "gone.raw")


def test_what_is_no_disk_image_is_refused_before_anything_is_opened(tmp_path):
    with pytest.raises(NotADiskImage):
        _roles(_raw(tmp_path, "system.raw", b"hello"))


def test_a_disk_image_that_reaches_for_others_is_never_served(tmp_path):
    """The guard comes before any program."""
    path = _raw(tmp_path, "system.qcow2", b"QFI\xfb\0\0\0\x03" + bytes(504))
    chosen = disks_of_images([path], {})
    with pytest.raises(ImgkitError) as caught:
        inspect_machine(services(tmp_path), chosen, started=datetime(2026, 11, 22, tzinfo=UTC))
    assert 50 <= caught.value.exit_code < 60
