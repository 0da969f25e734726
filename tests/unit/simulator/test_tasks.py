"""The life of an export task, and how it is worded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.tasks import (
    DiskOutcome,
    Task,
    TaskBook,
    TaskQuery,
    TaskState,
    describe_task,
    select_tasks,
    shown_percent,
)

TASK = Task(task_id="t-1", image_id="m-1", region_id="cn-hangzhou", created=NOW, disks=2)
SYSTEM = DiskOutcome(bucket="b", key="system", image_format="RAW")
DATA = DiskOutcome(bucket="b", key="data", image_format="RAW")
FAILED = DiskOutcome(bucket="", key="", image_format="", error_code="DiskGone", error_message="it is gone")


@pytest.fixture
def book():
    book = TaskBook()
    book.add(TASK)
    return book


def words(task: Task, **settings: Any) -> dict[str, Any]:
    return describe_task(task, NOW, CloudSettings(**settings))


def test_a_task_waits_works_and_ends(book):
    assert book.find("t-1").state is TaskState.WAITING
    book.progress("t-1", 0.5)
    assert (book.find("t-1").state, book.find("t-1").work_done) == (TaskState.PROCESSING, 0.5)
    assert book.end("t-1", TaskState.FINISHED, NOW, [SYSTEM])
    assert book.running() == ()


def test_progress_never_goes_back(book):
    book.progress("t-1", 0.5)
    book.progress("t-1", 0.2)
    assert book.find("t-1").work_done == 0.5


def test_what_has_ended_stays_as_it_is(book):
    book.end("t-1", TaskState.CANCELLED, NOW)
    book.progress("t-1", 0.9)
    assert not book.end("t-1", TaskState.FINISHED, NOW, [SYSTEM])
    assert (book.find("t-1").state, book.find("t-1").work_done) == (TaskState.CANCELLED, 0.0)


def test_the_percentage_follows_the_work_and_says_100_at_the_end_only():
    at = replace(TASK, state=TaskState.PROCESSING, work_done=0.42)
    assert shown_percent(at, NOW, 0) == 42
    assert shown_percent(replace(at, work_done=1.0), NOW, 0) == 99
    assert shown_percent(replace(at, state=TaskState.FINISHED), NOW, 0) == 100


def test_the_percentage_stretches_over_the_least_time():
    done = replace(TASK, state=TaskState.PROCESSING, work_done=1.0)
    assert [shown_percent(done, NOW + timedelta(seconds=second), 10) for second in (0, 5, 20)] == [0, 50, 99]


def test_every_disk_has_its_operation():
    told = words(replace(TASK, state=TaskState.FINISHED, outcomes=(SYSTEM, FAILED)))
    operations = told["OperationProgressSet"]["OperationProgress"]
    assert (told["TotalCount"], told["SuccessCount"], told["FailedCount"]) == (2, 1, 1)
    assert [one["ErrorCode"] for one in operations] == ["", "DiskGone"]
    assert {"Name": "OSSObject", "Value": "system"} in operations[0]["RelatedItemSet"]["RelatedItem"]
    assert operations[1]["RelatedItemSet"]["RelatedItem"] == []


def test_related_items_can_come_together_or_not_at_all():
    done = replace(TASK, state=TaskState.FINISHED, outcomes=(SYSTEM, DATA))
    (operation,) = words(done, related_items="together")["OperationProgressSet"]["OperationProgress"]
    names = [item["Value"] for item in operation["RelatedItemSet"]["RelatedItem"] if item["Name"] == "OSSObject"]
    assert names == ["system", "data"]
    assert "OperationProgressSet" not in words(done, related_items="absent")


def test_words_differ_where_the_real_cloud_is_undecided():
    running = replace(TASK, state=TaskState.PROCESSING)
    told = words(running, support_cancel="bool", seconds_in_times=False, running_word="Pondering")
    assert (told["SupportCancel"], told["CreationTime"], told["TaskStatus"]) == (True, "2026-11-22T18:00Z", "Pondering")
    assert words(running)["SupportCancel"] == "true"
    assert words(replace(TASK, state=TaskState.CANCELLED), cancelled_word="Deleted")["TaskStatus"] == "Deleted"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 1),
        ({"action": "ImportImage"}, 0),
        ({"status": "Finished"}, 0),
        ({"status": "Waiting"}, 1),  # takes no effect, as documented
        ({"task_ids": ("t-2",)}, 0),
        ({"resource_ids": ("m-1",)}, 1),
        ({"resource_ids": ("m-2",)}, 0),
        ({"start": NOW}, 1),
        ({"start": NOW + timedelta(seconds=1)}, 0),
        ({"end": NOW - timedelta(seconds=1)}, 0),
    ],
)
def test_filters_of_the_list(query, count):
    running = replace(TASK, state=TaskState.PROCESSING)
    assert len(select_tasks([running], TaskQuery(region_id="cn-hangzhou", **query))) == count
    assert select_tasks([running], TaskQuery(region_id="cn-beijing", **query)) == []
