"""How the findings of a pre-flight are told."""

from collections.abc import Sequence

from imgkit.cli.console import Console
from imgkit.model.preflight import Finding, Severity

_MARKS = {
    Severity.HELD: "ok",
    Severity.NOTE: "note",
    Severity.UNKNOWN: "unknown",
    Severity.WARNING: "warning",
    Severity.REFUSAL: "REFUSED",
}


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Tell everything that did not simply hold, each with its remedy."""
    for each in findings:
        if each.severity is not Severity.HELD:
            console.say(describe(each))


def describe(finding: Finding) -> str:
    """Return one finding as a line, its remedy below it."""
    line = f"{_MARKS[finding.severity]:>7}  {finding.words}"
    return line + (f"\n         {finding.remedy}" if finding.remedy else "")


def as_data(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the findings for --json."""
    return [
        {"rule": each.rule, "severity": each.severity.value, "words": each.words, "remedy": each.remedy}
        for each in findings
    ]
