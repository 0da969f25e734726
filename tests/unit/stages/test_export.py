"""Tests of stages/export.py."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.stages.cloud_fakes import NOW, REQUEST, FakeCloud, lives, task

from imgkit.errors import CloudError, ExportCancelled, ExportFailed, NotExportable, TransferError
from imgkit.files.export_journal import ExportIntent, read_intent, write_intent
from imgkit.model.task import TaskFailure, TaskState
from imgkit.ports import AnswerInDoubt, ExportRunning
from imgkit.stages.export import Waiting, follow_export, start_export


class Clock:
    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _waiting(clock: Clock, timeout: float | None = None) -> Waiting:
    return Waiting(sleep=clock.sleep, now=lambda: clock.now, timeout_seconds=timeout)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / ".imgkit" / "export.json"


def test_the_intent_is_on_disk_before_the_request_is_sent(clock, journal):
    seen = []
    cloud = FakeCloud(answers=["t-1"], lives=lives([task("t-1")]), on_export=lambda: seen.append(read_intent(journal)))
    start_export(cloud, REQUEST, journal, _waiting(clock))
    assert seen == [ExportIntent(request=REQUEST, intended=NOW)]
    intent = read_intent(journal)
    assert intent is not None
    assert intent.task_id == "t-1"


def test_a_journalled_task_is_gone_on_with_and_nothing_is_sent(clock, journal):
    write_intent(journal, ExportIntent(request=REQUEST, intended=NOW, task_id="t-1"))
    cloud = FakeCloud(lives=lives([task("t-1", percent=40)]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).percent == 40
    assert not cloud.sent


def test_after_a_kill_between_sending_and_writing_the_task_is_found(clock, journal):
    write_intent(journal, ExportIntent(request=REQUEST, intended=NOW, known_tasks=("t-old",)))
    cloud = FakeCloud(listed=[[task("t-new"), task("t-old")]], lives=lives([task("t-new")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-new"
    assert not cloud.sent


def test_a_task_that_has_finished_since_is_found_too(clock, journal):
    write_intent(journal, ExportIntent(request=REQUEST, intended=NOW))
    done = task("t-new", TaskState.FINISHED)
    cloud = FakeCloud(listed=[[done]], lives=lives([done]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-new"
    assert not cloud.sent


def test_a_running_task_of_the_image_is_joined(clock, journal):
    cloud = FakeCloud(listed=[[task("t-9")]], lives=lives([task("t-9")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-9"
    assert not cloud.sent


def test_a_finished_task_of_another_day_is_not_joined(clock, journal):
    old = task("t-old", TaskState.FINISHED)
    cloud = FakeCloud(answers=["t-1"], listed=[[old]], lives=lives([task("t-1")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-1"


def test_after_a_doubtful_answer_the_task_is_looked_for_and_nothing_sent_again(clock, journal):
    late = [[], [], [], [task("t-1")]]
    cloud = FakeCloud(answers=[AnswerInDoubt("cut")], listed=late, lives=lives([task("t-1")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-1"
    assert len(cloud.sent) == 1


def test_only_when_no_task_shows_up_is_it_sent_again(clock, journal):
    cloud = FakeCloud(answers=[AnswerInDoubt("cut"), "t-2"], lives=lives([task("t-2")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-2"
    assert sum(clock.slept) >= 30


def test_doubt_without_end_is_an_error_and_the_intent_stays(clock, journal):
    cloud = FakeCloud(answers=[AnswerInDoubt("cut")] * 3)
    with pytest.raises(CloudError, match="3 times"):
        start_export(cloud, REQUEST, journal, _waiting(clock))
    assert read_intent(journal) is not None


def test_image_is_exporting_means_joining(clock, journal):
    cloud = FakeCloud(answers=[ExportRunning()], listed=[[], [], [task("t-7")]], lives=lives([task("t-7")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-7"


def test_a_refusal_leaves_no_intent(clock, journal):
    cloud = FakeCloud(answers=[NotExportable("no")])
    with pytest.raises(NotExportable):
        start_export(cloud, REQUEST, journal, _waiting(clock))
    assert not journal.exists()


def test_a_task_is_followed_to_its_end(clock):
    life = [task("t-1", status_word="Waiting"), task("t-1", percent=50), task("t-1", TaskState.FINISHED, percent=100)]
    done = follow_export(FakeCloud(lives=lives(life)), "t-1", _waiting(clock))
    assert done.state is TaskState.FINISHED
    assert len(clock.slept) == 2


def test_a_failed_task_gives_its_reason(clock):
    failed = task("t-1", TaskState.FAILED, failures=(TaskFailure(code="IMAGE_ALREADY_EXIST", message="there"),))
    told = []

    def explain(code: str, words: str) -> ExportFailed:
        told.append((code, words))
        return ExportFailed("explained")

    with pytest.raises(ExportFailed, match="explained"):
        follow_export(FakeCloud(lives=lives([failed])), "t-1", _waiting(clock), explain=explain)
    assert told == [("IMAGE_ALREADY_EXIST", "there")]


def test_a_failed_task_without_reason_says_so(clock):
    with pytest.raises(ExportFailed, match="no reason"):
        follow_export(FakeCloud(lives=lives([task("t-1", TaskState.FAILED)])), "t-1", _waiting(clock))


def test_a_cancelled_task_is_an_error_of_its_own(clock):
    with pytest.raises(ExportCancelled):
        follow_export(FakeCloud(lives=lives([task("t-1", TaskState.CANCELLED)])), "t-1", _waiting(clock))


def test_waiting_ends_at_the_timeout_and_leaves_the_task(clock):
    with pytest.raises(TransferError, match="60 s") as caught:
        follow_export(FakeCloud(lives=lives([task("t-1")])), "t-1", _waiting(clock, timeout=60))
    assert "joins it" in caught.value.hint
    assert sum(clock.slept) < 75


def test_pauses_grow_to_ten_seconds(clock):
    with pytest.raises(TransferError):
        follow_export(FakeCloud(lives=lives([task("t-1")])), "t-1", _waiting(clock, timeout=120))
    assert clock.slept[0] < 1
    assert clock.slept[-1] == 10


def test_a_journalled_task_that_the_service_forgot_does_not_block_for_ever(clock, journal):
    write_intent(journal, ExportIntent(request=REQUEST, intended=NOW, task_id="t-gone"))
    cloud = FakeCloud(answers=["t-1"], lives=lives([task("t-1")]))
    assert start_export(cloud, REQUEST, journal, _waiting(clock)).task_id == "t-1"
    assert len(cloud.sent) == 1
