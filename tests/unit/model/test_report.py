from dataclasses import replace
from datetime import UTC, datetime

from imgkit.model.report import Diagnostic, DiagnosticLevel, Report, RunInfo
from imgkit.model.role import DiskRole
from imgkit.model.storage import Storage

REPORT = Report(run=RunInfo(started=datetime(2026, 1, 1, tzinfo=UTC), imgkit="0", engine="x"), storage=Storage())


def test_a_report_is_complete_when_nothing_is_missing_or_left_open():
    assert REPORT.complete
    note = Diagnostic(subject="x", level=DiagnosticLevel.NOTE, message="odd")
    assert replace(REPORT, diagnostics=(note,)).complete
    assert not replace(REPORT, diagnostics=(note, replace(note, level=DiagnosticLevel.UNDETERMINED))).complete
    assert not replace(REPORT, missing_disks=(DiskRole("xvdc"),)).complete
