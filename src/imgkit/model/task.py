"""An export task of ECS, and the request that starts one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskState(StrEnum):
    """What a task's status word amounts to; words that nobody documented count as running."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What ExportImage is asked. `image_format` is empty where the region offers none, which means RAW."""

    region_id: str
    image_id: str
    bucket: str
    prefix: str = ""
    image_format: str = ""
    role_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskObject:
    """An object that a task says it wrote."""

    bucket: str
    key: str
    image_format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """One operation of a task that failed: the service's code and its plain words."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentExport:
    """What ECS answered to ExportImage."""

    task_id: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTask:
    """A task as the service shows it. DescribeTasks tells neither progress nor objects nor failures.

    `request_id` is that of the answer; `export_request_id` that of ExportImage itself, where it is known here.
    """

    task_id: str
    region_id: str
    state: TaskState
    status_word: str = ""
    action: str = ""
    image_id: str = ""
    percent: int = 0
    cancellable: bool = False
    created: datetime | None = None
    finished: datetime | None = None
    objects: tuple[TaskObject, ...] = ()
    failures: tuple[TaskFailure, ...] = ()
    failed_count: int = 0
    request_id: str = ""
    export_request_id: str = ""
