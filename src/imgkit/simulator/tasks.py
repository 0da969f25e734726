"""Tasks of ECS: their life, and how DescribeTasks and DescribeTaskAttribute word it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from imgkit.simulator.cloud_settings import CloudSettings


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "Waiting"
    PROCESSING = "Processing"
    FINISHED = "Finished"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def is_running(self) -> bool:
        return self in {TaskState.WAITING, TaskState.PROCESSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskOutcome:
    """What became of one disk of an export."""

    bucket: str
    key: str
    image_format: str
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One export task. `work_done` is the share of the work behind it, 0 to 1."""

    task_id: str
    image_id: str
    region_id: str
    created: datetime
    disks: int = 1
    state: TaskState = TaskState.WAITING
    work_done: float = 0.0
    finished: datetime | None = None
    outcomes: tuple[DiskOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """The filters of DescribeTasks; an empty one lets everything pass."""

    region_id: str
    action: str = ""
    status: str = ""
    task_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


class TaskBook:
    """All tasks; a task that has ended never changes again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}

    def add(self, task: Task) -> None:
        """Note a new task."""
        with self._lock:
            self._tasks[task.task_id] = task

    def find(self, task_id: str) -> Task | None:
        """Return the task of that id."""
        with self._lock:
            return self._tasks.get(task_id)

    def all(self) -> tuple[Task, ...]:
        """Return all tasks, the newest first."""
        with self._lock:
            return tuple(sorted(self._tasks.values(), key=lambda task: task.created, reverse=True))

    def running(self) -> tuple[Task, ...]:
        """Return the tasks that have not ended."""
        return tuple(task for task in self.all() if task.state.is_running)

    def progress(self, task_id: str, work_done: float) -> None:
        """Note that work goes on; it never goes back."""
        with self._lock:
            task = self._tasks[task_id]
            if task.state.is_running:
                done = max(task.work_done, min(1.0, work_done))
                self._tasks[task_id] = replace(task, state=TaskState.PROCESSING, work_done=done)

    def end(self, task_id: str, state: TaskState, now: datetime, outcomes: Iterable[DiskOutcome] = ()) -> bool:
        """End a task; False where it had ended already."""
        with self._lock:
            task = self._tasks[task_id]
            if not task.state.is_running:
                return False
            self._tasks[task_id] = replace(task, state=state, finished=now, outcomes=tuple(outcomes))
            return True


def select_tasks(tasks: Iterable[Task], query: TaskQuery) -> list[Task]:
    """Return the tasks that DescribeTasks would list. Only Finished, Processing and Failed filter by status."""
    status = query.status if query.status in {"Finished", "Processing", "Failed"} else ""
    return [
        task
        for task in tasks
        if task.region_id == query.region_id
        and query.action in ("", "ExportImage")
        and status in ("", task.state)
        and (not query.task_ids or task.task_id in query.task_ids)
        and (not query.resource_ids or task.image_id in query.resource_ids)
        and (query.start is None or task.created >= query.start)
        and (query.end is None or task.created <= query.end)
    ]


def shown_percent(task: Task, now: datetime, least_seconds: float) -> int:
    """Return the percentage that is told: of the work, or of the least time an export is to take."""
    if task.state is TaskState.FINISHED:
        return 100
    if not least_seconds:
        return min(99, int(task.work_done * 100))
    elapsed = ((task.finished or now) - task.created).total_seconds() / least_seconds
    return max(0, min(99, int(min(task.work_done, elapsed) * 100)))


def describe_task(task: Task, now: datetime, settings: CloudSettings, *, word: str = "") -> dict[str, Any]:
    """Return a task as DescribeTaskAttribute words it."""
    failed = sum(1 for outcome in task.outcomes if outcome.error_code)
    words = {
        **summarize_task(task, settings, word=word),
        "RegionId": task.region_id,
        "TaskProcess": f"{shown_percent(task, now, settings.export_seconds)}%",
        "TotalCount": task.disks,
        "SuccessCount": len(task.outcomes) - failed,
        "FailedCount": failed,
    }
    if settings.related_items != "absent":
        words["OperationProgressSet"] = {"OperationProgress": _operations(task, settings)}
    return words


def summarize_task(task: Task, settings: CloudSettings, *, word: str = "") -> dict[str, Any]:
    """Return a task as an entry of DescribeTasks: no progress and no errors."""
    can_cancel = task.state.is_running
    return {
        "TaskId": task.task_id,
        "TaskAction": "ExportImage",
        "TaskStatus": word or _status_word(task.state, settings),
        "SupportCancel": can_cancel if settings.support_cancel == "bool" else str(can_cancel).lower(),
        "CreationTime": _write_time(task.created, settings),
        "FinishedTime": _write_time(task.finished, settings) if task.finished else "",
        "ResourceId": task.image_id,
    }


def _status_word(state: TaskState, settings: CloudSettings) -> str:
    if state is TaskState.CANCELLED:
        return settings.cancelled_word
    return settings.running_word if state is TaskState.PROCESSING else state


def _write_time(moment: datetime, settings: CloudSettings) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if settings.seconds_in_times else "%Y-%m-%dT%H:%MZ")


def _operations(task: Task, settings: CloudSettings) -> list[dict[str, Any]]:
    operations = [_operation(outcome, [outcome]) for outcome in task.outcomes]
    if settings.related_items != "together" or not operations:
        return operations
    worst = next((outcome for outcome in task.outcomes if outcome.error_code), task.outcomes[0])
    return [_operation(worst, list(task.outcomes))]


def _operation(outcome: DiskOutcome, named: list[DiskOutcome]) -> dict[str, Any]:
    items = [item for disk in named for item in _related_items(disk)]
    return {
        "OperationStatus": "Failed" if outcome.error_code else "Success",
        "ErrorCode": outcome.error_code,
        "ErrorMsg": outcome.error_message,
        "RelatedItemSet": {"RelatedItem": items},
    }


def _related_items(outcome: DiskOutcome) -> list[dict[str, str]]:
    if outcome.error_code and not outcome.key:
        return []
    values = {"OSSBucket": outcome.bucket, "OSSObject": outcome.key, "ImageFormat": outcome.image_format}
    return [{"Name": name, "Value": value} for name, value in values.items()]
