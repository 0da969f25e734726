"""Tests of cli/demo.py."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.pipeline.road_fakes import SOURCE
from tests.unit.stages.cloud_fakes import NOW

from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import Manifest, Outcome
from imgkit.pipeline.demonstrating import Demonstration
from imgkit.pipeline.fetching import FetchResult


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """How the demo goes, and what it was asked for."""
    told: dict[str, Any] = {"outcome": Outcome.HELD, "shortfalls": ()}

    def demonstrate(folder: Path, *_: object, formats: tuple[DiskFormat, ...], **__: object) -> Demonstration:
        told.update(folder=folder, formats=formats)
        result = FetchResult(
            folder=folder / "m-1",
            manifest=Manifest(created=NOW, imgkit_version="1", source=SOURCE),
            already_done=False,
            shortfalls=told["shortfalls"],
            in_bucket=(),
        )
        link = LinkOutcome(subject="system.raw", link="guest view", outcome=told["outcome"])
        return Demonstration(result=result, check=CheckResult(links=(link,)))

    monkeypatch.setattr("imgkit.cli.demo.demonstrate", demonstrate)
    return told


def test_a_demo_that_held_ends_with_what_to_do_with_a_real_image(demo):
    ended = imgkit("demo")
    assert ended.code == 0
    assert "1 links of the chain hold" in ended.out
    assert "imgkit fetch m-" in ended.out
    assert (demo["folder"], demo["formats"]) == (Path("imgkit-demo"), (DiskFormat.QCOW2,))


def test_formats_and_folder_are_the_users(demo):
    imgkit("demo", "-o", "there", "--to", "vhd", "--to", "raw")
    assert (demo["folder"], demo["formats"]) == (Path("there"), (DiskFormat.VHD, DiskFormat.RAW))


def test_a_demo_without_an_appliance_is_done_in_part(demo):
    demo["shortfalls"] = ("not inspected: libguestfs is not installed",)
    ended = imgkit("demo", "--json")
    assert (ended.code, ended.data["complete"]) == (3, False)
    assert "libguestfs is not installed" in ended.err


def test_a_demo_that_does_not_hold_differs(demo):
    demo["outcome"] = Outcome.FAILED
    ended = imgkit("demo", "--json")
    assert (ended.code, ended.data["held"]) == (60, False)
