"""Tests of cli/fetch_result.py."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from tests.unit.pipeline.road_fakes import SOURCE
from tests.unit.stages.cloud_fakes import NOW, SYSTEM, XVDB, image

from imgkit.cli.console import Console
from imgkit.cli.fetch_result import fetch_data, show_plan, show_result
from imgkit.errors import NotExportable
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, GuestRecord, Manifest
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.pipeline.fetching import FetchResult
from imgkit.pipeline.request import FetchRequest
from imgkit.units import GiB, MiB

SHA = "5" * 64
RAW = FileRecord(path=PurePosixPath("system.raw"), kind=FileKind.IMAGE, size=GiB, sha256=SHA, format=DiskFormat.RAW)
ARCHIVE = FileRecord(path=PurePosixPath("objects/a.tar.gz"), kind=FileKind.ARCHIVE, size=MiB, sha256="a" * 64)
GONE = replace(ARCHIVE, path=PurePosixPath("objects/gone.tar.gz"), state=FileState.DISCARDED)
OBJECT = ObjectInfo(bucket="evidence", key="a.tar.gz", size=MiB, etag="e")
REPORT = FileRecord(path=PurePosixPath("report/inspect.json"), kind=FileKind.REPORT, size=9, sha256="b" * 64)


def _result(**fields: object) -> FetchResult:
    disks = (
        DiskRecord(
            role=SYSTEM,
            guest=GuestRecord(size=GiB, root="c" * 64, sha256=SHA),
            files=(RAW, ARCHIVE, GONE),
            object=OBJECT,
        ),
        DiskRecord(role=XVDB),
    )
    manifest = Manifest(created=NOW, imgkit_version="1", source=SOURCE, disks=disks, reports=(REPORT,))
    plain = FetchResult(folder=Path("set"), manifest=manifest, already_done=False, shortfalls=(), in_bucket=(OBJECT,))
    return replace(plain, **fields)  # type: ignore[arg-type]  # the fields of a result


def _shown(result: FetchResult, capsys: pytest.CaptureFixture[str]) -> str:
    show_result(Console(), result)
    return capsys.readouterr().out


def test_every_disk_is_told_with_its_files_and_the_digest_of_its_bytes(capsys):
    lines = _shown(_result(), capsys).splitlines()
    (system,) = (line for line in lines if line.startswith("system"))
    assert "1 GiB" in system
    assert SHA in system
    assert {"system.raw", "objects/a.tar.gz"} <= {line.strip() for line in lines}


def test_a_disk_that_is_not_there_yet_has_no_digest(capsys):
    (xvdb,) = (line for line in _shown(_result(), capsys).splitlines() if line.startswith("xvdb"))
    assert xvdb.endswith("not known")


def test_what_was_discarded_is_not_said_to_be_there(capsys):
    assert "gone.tar.gz" not in _shown(_result(), capsys) + json.dumps(fetch_data(_result()))


def test_what_is_still_billed_is_named_with_the_command_that_ends_it(capsys):
    shown = _shown(_result(), capsys)
    assert "still in the bucket and billed: 1 objects, 1 MiB" in shown
    assert "oss://evidence/a.tar.gz" in shown
    assert "imgkit clean set" in shown


def test_without_objects_in_a_bucket_nothing_is_offered_to_clean(capsys):
    assert "imgkit clean" not in _shown(_result(in_bucket=()), capsys)


def test_a_finished_set_says_that_nothing_was_to_be_done(capsys):
    assert "finished already" in _shown(_result(already_done=True), capsys)


def test_the_way_to_check_it_later_is_told(capsys):
    assert "imgkit check set" in _shown(_result(), capsys)


def test_as_data_a_shortfall_is_no_complete_set():
    told = fetch_data(_result(shortfalls=("disk xvdc is missing",)))
    assert (told["complete"], told["shortfalls"]) == (False, ["disk xvdc is missing"])
    assert [disk["sha256"] for disk in told["disks"]] == [SHA, None]
    assert told["reports"] == ["report/inspect.json"]
    assert told["in_bucket"] == ["oss://evidence/a.tar.gz"]


REQUEST = FetchRequest(source=SOURCE, folder=Path("set"), formats=(DiskFormat.QCOW2, DiskFormat.VHD))
WARNED = Finding(rule="room", severity=Severity.WARNING, words="little room", remedy="make some")
REFUSED = refuse(NotExportable("it is a Windows image", hint="no way"), rule="operating system")


def test_a_plan_shows_image_disks_folder_and_findings(capsys):
    show_plan(Console(), REQUEST, image("xvdb", os_name="Debian 12"), (WARNED,))
    shown = capsys.readouterr().out
    assert "in cn-hangzhou: Debian 12" in shown
    assert "into set, as qcow2, vhd" in shown
    assert "little room" in shown
    assert [line.split()[0] for line in shown.splitlines()[2:4]] == ["system", "xvdb"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_plan_that_is_refused_shows_everything_and_ends_with_the_refusal(capsys, as_json):
    with pytest.raises(NotExportable):
        show_plan(Console(json=as_json), REQUEST, image(), (WARNED, REFUSED))
    shown = capsys.readouterr().out
    assert "little room" in shown
    assert "Windows" in shown
    if as_json:
        assert [each["severity"] for each in json.loads(shown)["findings"]] == ["warning", "refusal"]
