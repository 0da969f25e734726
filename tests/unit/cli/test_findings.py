"""Tests of cli/findings.py."""

import pytest

from imgkit.cli.console import Console
from imgkit.cli.findings import as_data, describe, show_findings
from imgkit.errors import NotExportable
from imgkit.model.preflight import Finding, Severity, refuse

REFUSED = refuse(NotExportable("it is a Windows image", hint="image it from inside"), rule="system")


@pytest.mark.parametrize(
    ("severity", "mark"),
    [
        (Severity.HELD, "ok"),
        (Severity.NOTE, "note"),
        (Severity.UNKNOWN, "unknown"),
        (Severity.WARNING, "warning"),
        (Severity.REFUSAL, "REFUSED"),
    ],
)
def test_every_severity_has_its_mark(severity, mark):
    assert describe(Finding(rule="r", severity=severity, words="words")).split() == [mark, "words"]


def test_the_remedy_stands_below_its_finding():
    first, second = describe(REFUSED).splitlines()
    assert first.endswith("it is a Windows image")
    assert second.strip() == "image it from inside"


def test_what_held_is_not_told(capsys):
    show_findings(Console(), [Finding(rule="r", severity=Severity.HELD, words="held"), REFUSED])
    told = capsys.readouterr().err
    assert "held" not in told
    assert "REFUSED" in told


def test_as_data_nothing_is_left_out():
    assert as_data([REFUSED]) == [
        {
            "rule": "system",
            "severity": "refusal",
            "words": "it is a Windows image",
            "remedy": "image it from inside",
        }
    ]
