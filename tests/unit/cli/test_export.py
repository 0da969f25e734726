"""Tests of cli/export.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, FakeServices, finished, services
from tests.unit.stages.cloud_fakes import IMAGE_ID, image, lives, task

from imgkit.model.task import TaskFailure


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    fake = services(tmp_path)
    fake.fake_cloud.known[IMAGE_ID] = image()
    fake.fake_cloud.answers.append("t-1")
    fake.fake_cloud.lives = lives([finished()])
    monkeypatch.setattr("imgkit.cli.export.open_services", opening(fake))
    monkeypatch.setattr("imgkit.cli.export.time.sleep", lambda _: None)
    return fake


def test_an_export_ends_with_its_objects(made: FakeServices):
    ended = imgkit("export", IMAGE_ID)
    assert ended.code == 0
    assert ended.out.splitlines() == ["t-1  finished  100 %", f"oss://evidence/{SYSTEM_KEY}"]
    assert imgkit("export", IMAGE_ID, "--dry-run").code == 0


def test_the_options_reach_the_request(made: FakeServices):
    words = ("--prefix", "case7", "--format", "qcow2", "--role-name", "R", "--region", "eu-central-1")
    imgkit("export", IMAGE_ID, *words, "--bucket", "evidence", "--no-preflight")
    (request,) = made.fake_cloud.sent
    assert (request.prefix, request.image_format, request.role_name, request.bucket) == (
        "case7",
        "qcow2",
        "R",
        "evidence",
    )


def test_a_dry_run_says_that_it_could_be_exported(made: FakeServices):
    ended = imgkit("export", IMAGE_ID, "--dry-run", "--json")
    assert ended.data == {"image_id": IMAGE_ID, "dry_run": "held"}
    assert not made.fake_cloud.sent


def test_without_waiting_the_task_is_named_and_left_to_itself(made: FakeServices):
    made.fake_cloud.lives = lives([task("t-1", percent=2)])
    told = imgkit("export", IMAGE_ID, "--no-wait", "--json").data
    assert (told["task_id"], told["state"], told["percent"]) == ("t-1", "running", 2)


def test_every_finding_is_told_before_the_refusal(made: FakeServices):
    made.fake_cloud.known[IMAGE_ID] = image(os_type="windows", product_code="cmjj1")
    ended = imgkit("export", IMAGE_ID)
    assert ended.code == 12
    assert ended.err.count("REFUSED") == 2
    assert "imgkit: 2 things forbid it" in ended.err


def test_a_task_of_which_a_disk_failed_is_a_failed_export(made: FakeServices):
    made.fake_cloud.lives = lives([finished(failures=(TaskFailure(code="C", message="disk xvdb"),))])
    ended = imgkit("export", IMAGE_ID)
    assert (ended.code, "disk xvdb" in ended.err) == (13, True)
