"""`imgkit demo` as a newcomer runs it, and what can be done with the set that it leaves. One appliance is launched."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from imgkit.evidence.custody import read_custody
from imgkit.model.role import DiskRole
from imgkit.pipeline.demonstrating import IMAGE_ID
from imgkit.process import run

pytestmark = pytest.mark.tools("guestfs", "qemu-img", "qemu-nbd", "tar")
SCHEMAS = Path(__file__).parents[2] / "docs/reference/schemas"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_disks: Mapping[DiskRole, Path]) -> Path:
    """A folder in which the demo finds its disks made already."""
    made = tmp_path_factory.mktemp("demo")
    disks = made / "imgkit-demo" / "cloud" / "images" / IMAGE_ID
    disks.mkdir(parents=True)
    for role, path in demo_disks.items():
        os.link(path, disks / f"{role}.raw")
    return made


def imgkit(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "imgkit", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(folder: Path) -> Any:
    done = imgkit(folder, "demo", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def image_set(folder: Path, demo: Any) -> Path:
    return folder / "imgkit-demo" / IMAGE_ID


def test_every_link_of_the_chain_holds(demo):
    assert demo["held"]
    assert demo["complete"]
    assert demo["links"] >= 25
    assert [disk["role"] for disk in demo["disks"]] == ["system", "xvdb", "xvdc"]


def test_the_report_tells_what_is_on_the_machine(image_set):
    report = json.loads((image_set / "report" / "inspect.json").read_text())
    jsonschema.validate(report, json.loads((SCHEMAS / "inspect-1.schema.json").read_text()))
    (system,) = report["systems"]
    assert system["identity"]["os"]["value"]["pretty_name"].startswith("Debian GNU/Linux 12")
    assert {disk["role"] for disk in report["data_disks"]} == {"xvdb", "xvdc"}


def test_the_manifest_and_its_custody_fit_their_schemas(image_set):
    manifest = json.loads((image_set / "imgkit.json").read_text())
    jsonschema.validate(manifest, json.loads((SCHEMAS / "manifest-1.schema.json").read_text()))
    schema = json.loads((SCHEMAS / "custody-1.schema.json").read_text())
    for line in (image_set / "custody.jsonl").read_text().splitlines():
        jsonschema.validate(json.loads(line), schema)
    assert not read_custody(image_set / "custody.jsonl").problems


def test_the_parts_files_fit_their_schema(image_set):
    schema = json.loads((SCHEMAS / "parts-1.schema.json").read_text())
    found = list((image_set / "objects").glob("*.parts.json"))
    assert len(found) == 3
    for each in found:
        jsonschema.validate(json.loads(each.read_text()), schema)


@pytest.mark.tools("sha256sum")
def test_sha256sum_holds_the_whole_set(image_set):
    run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=image_set)


def test_the_steps_are_recorded_with_their_programs(image_set):
    steps = json.loads((image_set / "imgkit.json").read_text())["steps"]
    told = {each["step"]: dict(each["tools"]) for each in steps}
    assert {"export", "download", "unpack", "convert", "inspect"} <= told.keys()
    assert "qemu-img" in told["convert"]
    assert "imgkit" in told["inspect"]  # nothing on these disks takes libguestfs
    assert all(each["outcome"] == "held" for each in steps)


def test_run_again_it_is_finished_already(folder, demo):
    again = imgkit(folder, "demo", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["already_done"]


def test_a_flipped_bit_in_the_report_is_named(folder, image_set):
    report = image_set / "report" / "inspect.json"
    good = report.read_bytes()
    report.write_bytes(good.replace(b"web-01", b"web-02"))
    checked = imgkit(folder, "check", str(image_set))
    report.write_bytes(good)
    assert checked.returncode == 60
    assert "report/inspect.json" in checked.stderr
