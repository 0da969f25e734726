"""ECS: the five actions that exporting an image takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from imgkit.simulator.acs3 import NonceMemory, authenticate
from imgkit.simulator.cloud import Cloud, new_request_id, new_task_id
from imgkit.simulator.ecs_errors import EcsError, error_response, json_response
from imgkit.simulator.export_rules import judge_export
from imgkit.simulator.exports import Exporter
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import ImageQuery, describe_image, select_images
from imgkit.simulator.messages import Request, Response
from imgkit.simulator.regions import REGIONS
from imgkit.simulator.tasks import Task, TaskQuery, describe_task, select_tasks, summarize_task
from imgkit.units import MiB, parse_utc

VERSION = "2014-05-26"
_LARGEST_BODY = 1 * MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to ECS that has passed the gate."""

    request: Request
    region_id: str
    request_id: str
    now: datetime
    faults: tuple[Fault, ...]


Answer = dict[str, Any]
Found = TypeVar("Found")


class EcsService:
    """Answers requests to ECS."""

    def __init__(self, cloud: Cloud, exporter: Exporter) -> None:
        self._cloud = cloud
        self._exporter = exporter
        self._nonces = NonceMemory()
        self._actions: dict[str, Callable[[Asked], Answer]] = {
            "DescribeImages": self._describe_images,
            "ExportImage": self._export_image,
            "DescribeTaskAttribute": self._describe_task_attribute,
            "DescribeTasks": self._describe_tasks,
            "CancelTask": self._cancel_task,
        }

    def handle(self, request: Request, faults: tuple[Fault, ...] = ()) -> Response:
        """Return the answer to a request, refused or not."""
        request_id = new_request_id()
        try:
            asked = self._let_in(request, request_id, faults)
            answer = self._actions[request.header("x-acs-action")](asked)
        except EcsError as error:
            return error_response(error, request_id=request_id, host=request.header("host"))
        return json_response({"RequestId": request_id, **answer})

    def _let_in(self, request: Request, request_id: str, faults: tuple[Fault, ...]) -> Asked:
        body = request.body.read(_LARGEST_BODY + 1)
        if len(body) > _LARGEST_BODY:
            raise EcsError("RequestEntityTooLarge")
        now = self._cloud.now()
        authenticate(request, body, keyring=self._cloud.keyring, nonces=self._nonces, now=now)
        if request.header("x-acs-action") not in self._actions or request.header("x-acs-version") != VERSION:
            raise EcsError("InvalidAction.NotFound")
        region_id = request.parameter("RegionId")
        if not region_id:
            raise EcsError("MissingParameter", "The parameter RegionId is mandatory.")
        if region_id not in REGIONS:
            raise EcsError("InvalidRegionId.NotFound")
        return Asked(request=request, region_id=region_id, request_id=request_id, now=now, faults=faults)

    def _describe_images(self, asked: Asked) -> Answer:
        request = asked.request
        if _is_true(request.parameter("DryRun")):
            raise EcsError("DryRunOperation")
        query = ImageQuery(
            region_id=asked.region_id,
            image_ids=_words(request.parameter("ImageId")),
            statuses=_words(request.parameter("Status")) or ("Available",),
            owner_alias=request.parameter("ImageOwnerAlias"),
            name=request.parameter("ImageName"),
            image_family=request.parameter("ImageFamily"),
            resource_group_id=request.parameter("ResourceGroupId"),
            os_type=request.parameter("OSType"),
            architecture=request.parameter("Architecture"),
            tags=_tags(request),
        )
        images = select_images(self._cloud.images(), query)
        page, facts = _page(images, request)
        return {"RegionId": asked.region_id, **facts, "Images": {"Image": [describe_image(one) for one in page]}}

    def _export_image(self, asked: Asked) -> Answer:
        job = judge_export(asked.request, self._cloud, asked.region_id)
        if _is_true(asked.request.parameter("DryRun")):
            if self._cloud.settings.dry_run == "error":
                raise EcsError("DryRunOperation")
            return {"RegionId": asked.region_id}
        task = Task(
            task_id=new_task_id(task.task_id for task in self._cloud.tasks.all()),
            image_id=job.image.image_id,
            region_id=asked.region_id,
            created=asked.now,
            disks=len(job.image.disks),
        )
        self._cloud.tasks.add(task)
        self._exporter.start(task, replace(job, faults=asked.faults))
        return {"RegionId": asked.region_id, self._cloud.settings.task_id_field: task.task_id}

    def _describe_task_attribute(self, asked: Asked) -> Answer:
        return describe_task(self._task(asked), asked.now, self._cloud.settings, word=_status_word(asked))

    def _describe_tasks(self, asked: Asked) -> Answer:
        request = asked.request
        query = TaskQuery(
            region_id=asked.region_id,
            action=request.parameter("TaskAction"),
            status=request.parameter("TaskStatus"),
            task_ids=_words(request.parameter("TaskIds")),
            resource_ids=_numbered(request, "ResourceIds"),
            start=_moment(request, "StartTime"),
            end=_moment(request, "EndTime"),
        )
        page, facts = _page(select_tasks(self._cloud.tasks.all(), query), request)
        word = _status_word(asked)
        summaries = [summarize_task(task, self._cloud.settings, word=word) for task in page]
        return {"RegionId": asked.region_id, **facts, "TaskSet": {"Task": summaries}}

    def _cancel_task(self, asked: Asked) -> Answer:
        if not self._exporter.cancel(self._task(asked).task_id):
            raise EcsError("InvalidTaskId.IncorrectTaskStatus")
        return {}

    def _task(self, asked: Asked) -> Task:
        task_id = asked.request.parameter("TaskId")
        if not task_id:
            raise EcsError("MissingParameter", "The parameter TaskId is mandatory.")
        task = self._cloud.tasks.find(task_id)
        if task is None or task.region_id != asked.region_id:
            raise EcsError("InvalidTaskId.NotFound")
        return task


def _page(found: list[Found], request: Request) -> tuple[list[Found], Answer]:
    """Return one page, and the numbers that describe it."""
    number = _number(request, "PageNumber", default=1, most=1_000_000)
    size = _number(request, "PageSize", default=10, most=100)
    page = found[(number - 1) * size : number * size]
    return page, {"TotalCount": len(found), "PageNumber": number, "PageSize": size}


def _number(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.parameter(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise EcsError("InvalidParameter", f"The specified parameter {name} is not valid.")
    return int(text)


def _moment(request: Request, name: str) -> datetime | None:
    text = request.parameter(name)
    if not text:
        return None
    try:
        return parse_utc(text)
    except ValueError as error:
        raise EcsError("InvalidParameter", f"The specified parameter {name} is not valid.") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbered(request: Request, name: str) -> tuple[str, ...]:
    """Read a list as the wire has it: `ResourceIds.1`, `ResourceIds.2` …"""
    values: list[str] = []
    for number in count(1):
        if not request.has(f"{name}.{number}"):
            break
        values.append(request.parameter(f"{name}.{number}"))
    return tuple(values)


def _tags(request: Request) -> tuple[tuple[str, str], ...]:
    tags: list[tuple[str, str]] = []
    for number in count(1):
        if not request.has(f"Tag.{number}.Key"):
            break
        tags.append((request.parameter(f"Tag.{number}.Key"), request.parameter(f"Tag.{number}.Value")))
    return tuple(tags)


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _status_word(asked: Asked) -> str:
    return next((fault.value for fault in asked.faults if fault.kind is FaultKind.STATUS_WORD), "")
