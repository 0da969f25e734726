"""Tests of cli/check_result.py."""

import json
from pathlib import Path

import pytest

from imgkit.cli.check_result import judge, show_result
from imgkit.cli.console import Console
from imgkit.errors import Differs, DoneInPart
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.pipeline.repairing import RepairResult

HELD = LinkOutcome(subject="a", link="l", outcome=Outcome.HELD, disk="system")
BROKEN = LinkOutcome(subject="b", link="l", outcome=Outcome.FAILED, detail="it differs", disk="xvdb")
UNKNOWN = LinkOutcome(subject="c", link="l", outcome=Outcome.UNDETERMINED, detail="I/O error")
SET = Path("set")


def test_what_holds_passes():
    judge(SET, CheckResult(links=(HELD,)))


def test_what_differs_outweighs_what_could_not_be_looked_at():
    with pytest.raises(Differs, match="b: l: it differs"):
        judge(SET, CheckResult(links=(HELD, UNKNOWN, BROKEN)))
    with pytest.raises(DoneInPart, match="c: l: I/O error"):
        judge(SET, CheckResult(links=(HELD, UNKNOWN)))


def test_json_has_each_link_with_its_disk_and_what_was_repaired(capsys: pytest.CaptureFixture[str]):
    now, before = CheckResult(links=(HELD,)), CheckResult(links=(BROKEN,))
    done = RepairResult(before=before, after=now, repaired=("b",), unrepaired=(("c", "gone"),))
    show_result(Console(json=True), SET, now, done)
    told = json.loads(capsys.readouterr().out)
    assert told["links"] == [{"disk": "system", "subject": "a", "link": "l", "outcome": "held", "detail": ""}]
    assert told["repair"]["before"]["held"] is False
    assert told["repair"]["repaired"] == ["b"]
    assert told["repair"]["not_repaired"] == [{"path": "c", "reason": "gone"}]


def test_text_says_what_was_repaired_and_what_was_not(capsys: pytest.CaptureFixture[str]):
    result = CheckResult(links=(HELD,))
    show_result(Console(), SET, result, RepairResult(before=result, after=result, unrepaired=(("c", "gone"),)))
    out = capsys.readouterr().out
    assert "nothing was repaired" in out
    assert "not repaired: c: gone" in out
    assert "set holds: 1 link" in out
