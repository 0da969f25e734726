"""Two reports laid side by side."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.render.sample_report import make_report

from imgkit.model.report import DiagnosticLevel, Report
from imgkit.model.storage import FileSystem
from imgkit.render.report_differences import MOST_NAMED, disagreements


def with_file_systems(report: Report, file_systems: tuple[FileSystem, ...]) -> Report:
    return replace(report, storage=replace(report.storage, file_systems=file_systems))


def test_a_report_agrees_with_itself_whoever_made_it_and_when():
    report = make_report()
    other = replace(report, run=replace(report.run, engine="native", started=datetime(2030, 1, 1, tzinfo=UTC)))
    other = replace(other, diagnostics=())
    assert disagreements(report, other) == ()


def test_another_name_of_a_disk_is_a_difference():
    report = make_report()
    first, *others = report.storage.disks
    renamed = replace(report.storage, disks=(replace(first, device="sda"), *others))
    (found,) = disagreements(report, replace(report, storage=renamed))
    assert found.subject == "engines/storage/disks/system/device"


def test_a_difference_is_named_by_its_place_and_both_sides():
    report = make_report()
    first, *others = report.storage.file_systems
    (found,) = disagreements(report, with_file_systems(report, (replace(first, label="other"), *others)))
    assert found.subject == f"engines/storage/file_systems/{first.place}/label"
    assert found.level is DiagnosticLevel.UNDETERMINED
    assert "other" in found.message


def test_what_only_one_has_is_a_difference():
    report = make_report()
    (found,) = disagreements(report, with_file_systems(report, report.storage.file_systems[1:]))
    assert found.message.endswith("libguestfs nothing")


def test_another_order_is_none():
    report = make_report()
    assert disagreements(report, with_file_systems(report, report.storage.file_systems[::-1])) == ()


def test_too_many_are_counted():
    report = make_report()
    first = report.storage.file_systems[0]
    many = tuple(replace(first, place=f"xvdb:{number}") for number in range(MOST_NAMED * 2))
    found = disagreements(with_file_systems(report, ()), with_file_systems(report, many))
    assert len(found) == MOST_NAMED + 1
    assert "more differences" in found[-1].message
