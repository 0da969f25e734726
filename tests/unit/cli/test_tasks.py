"""Tests of cli/tasks.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import RoadCloud, finished, services
from tests.unit.stages.cloud_fakes import NOW, lives, task

from imgkit.model.task import TaskFailure, TaskState
from imgkit.ports import AnswerInDoubt
from imgkit.units import format_utc


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RoadCloud:
    made = services(tmp_path)
    monkeypatch.setattr("imgkit.cli.tasks.open_services", opening(made))
    monkeypatch.setattr("imgkit.cli.tasks.time.sleep", lambda _: None)
    return made.fake_cloud


def test_tasks_are_listed_with_image_state_and_time(cloud: RoadCloud):
    cloud.listed = [[task("t-2", image_id="m-1", created=NOW), task("t-1", TaskState.FAILED)]]
    lines = imgkit("tasks", "list").out.splitlines()
    assert lines[1].split() == ["t-2", "m-1", "running", "2026-11-22", "00:00", "UTC"]
    assert "failed" in lines[2]


def test_no_tasks_is_a_sentence_and_an_empty_list(cloud: RoadCloud):
    assert imgkit("tasks", "list").out == "no export tasks here\n"
    assert imgkit("tasks", "list", "--json").data == {"tasks": [], "region": "cn-hangzhou"}


def test_a_task_is_shown_with_its_objects_and_why_it_failed(cloud: RoadCloud):
    cloud.lives = lives([finished(failures=(TaskFailure(code="C", message="m\x1b[2J"),), created=NOW)])
    shown = imgkit("tasks", "show", "t-1").out
    assert "oss://evidence/case_m-" in shown
    assert "failed: C: m" in shown
    assert "\x1b" not in shown
    told = imgkit("tasks", "show", "t-1", "--json").data
    assert (told["state"], told["percent"], told["created"]) == ("finished", 100, format_utc(NOW))
    assert told["failures"] == [{"code": "C", "message": "m\x1b[2J"}]


def test_a_task_that_is_not_there_has_a_code_of_its_own(cloud: RoadCloud):
    assert imgkit("tasks", "show", "t-9").code == 15


def test_watching_follows_to_the_end(cloud: RoadCloud):
    cloud.lives = lives([task("t-1"), task("t-1", percent=50), finished()])
    ended = imgkit("tasks", "watch", "t-1")
    assert ended.code == 0
    assert "100 %" in ended.out


@pytest.mark.parametrize(("state", "code"), [(TaskState.FAILED, 13), (TaskState.CANCELLED, 14)])
def test_watching_a_task_that_comes_to_nothing_has_its_code(cloud: RoadCloud, state, code):
    cloud.lives = lives([task("t-1"), task("t-1", state)])
    assert imgkit("tasks", "watch", "t-1").code == code


def test_watching_too_long_is_no_success(cloud: RoadCloud):
    cloud.lives = lives([task("t-1")])
    assert imgkit("tasks", "watch", "t-1", "--timeout", "0").code == 20


def test_cancelling_says_what_the_task_is_now(cloud: RoadCloud):
    cloud.lives = lives([task("t-1", status_word="Cancelling")])
    ended = imgkit("tasks", "cancel", "t-1")
    assert cloud.cancelled == ["t-1"]
    assert "now Cancelling" in ended.out


def test_a_cancellation_without_an_answer_is_not_called_one(cloud: RoadCloud, monkeypatch):
    def in_doubt(*_: object) -> None:
        raise AnswerInDoubt("the connection broke")

    monkeypatch.setattr(RoadCloud, "cancel", in_doubt)
    ended = imgkit("tasks", "cancel", "t-1")
    assert ended.code == 10
    assert "imgkit tasks show" in ended.err
