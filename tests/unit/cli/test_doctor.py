"""Tests of cli/doctor.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import services

from imgkit.errors import AccessDenied, ToolMissing
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.version import __version__

HELD = Finding(rule="qemu-img", severity=Severity.HELD, words="qemu-img: 8.2.0")
LACKING = refuse(ToolMissing("qemu-nbd is not installed", hint="apt-get install qemu-utils"), rule="qemu-nbd")
DENIED = refuse(AccessDenied("no DescribeImages", hint="grant it"), rule="ecs:DescribeImages")


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Finding, ...]]:
    """What the looks give; a test changes it."""
    told: dict[str, tuple[Finding, ...]] = {"machine": (HELD,), "cloud": (HELD,)}
    monkeypatch.setattr("imgkit.cli.doctor.open_services", opening(services(tmp_path, region="", bucket="")))
    monkeypatch.setattr("imgkit.cli.doctor.examine_machine", lambda *_: told["machine"])
    monkeypatch.setattr("imgkit.cli.doctor.examine_cloud", lambda *_: told["cloud"])
    return told


def test_a_machine_that_has_everything_is_zero_and_names_the_versions(found):
    ended = imgkit("doctor")
    assert ended.code == 0
    assert ended.out.startswith(f"imgkit {__version__}, Python 3.")
    assert "ok  qemu-img: 8.2.0" in ended.out


def test_what_is_lacking_has_its_remedy_and_its_exit_code(found):
    found["machine"] = (LACKING, HELD)
    ended = imgkit("doctor")
    assert ended.code == 41
    assert "REFUSED  qemu-nbd is not installed" in ended.out
    assert "apt-get install qemu-utils" in ended.out
    assert "qemu-img: 8.2.0" in ended.out


def test_what_is_lacking_is_one_document_with_all_findings(found):
    found["machine"] = (LACKING, HELD)
    told = imgkit("doctor", "--json").data
    assert [each["severity"] for each in told["findings"]] == ["refusal", "held"]
    assert told["imgkit"] == __version__


def test_the_cloud_is_looked_at_only_where_one_is_named(found):
    found["cloud"] = (DENIED,)
    assert imgkit("doctor").code == 0


@pytest.mark.parametrize("option", ["--region", "--bucket", "--profile"])
def test_a_region_a_bucket_or_a_profile_names_one(found, option):
    found["cloud"] = (DENIED,)
    assert imgkit("doctor", option, "x").code == 11
