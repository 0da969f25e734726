"""ECS: images, export tasks, and the one call that must not be sent twice."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from alibabacloud_ecs20140526 import models

from imgkit.aliyun import ecs_answers as answers
from imgkit.aliyun.credentials import Credentials
from imgkit.aliyun.ecs_answers import Raw, Unintelligible
from imgkit.aliyun.ecs_transport import NoAnswer, Refused, SdkTransport, Transport
from imgkit.aliyun.endpoints import check_region, ecs_endpoint
from imgkit.aliyun.error_table import ECS_CODES
from imgkit.aliyun.explain import explain_ecs, find_meaning, one_line
from imgkit.aliyun.network import DIRECT, NetworkSettings
from imgkit.aliyun.retrying import Retry, TryAgain
from imgkit.aliyun.sdk_logging import quieten_sdks
from imgkit.errors import CloudError, NoSuchImageOrTask
from imgkit.model.image import CustomImage, ImageQuery
from imgkit.model.task import ExportRequest, ExportTask, SentExport
from imgkit.ports import AnswerInDoubt, ExportRunning

log = logging.getLogger(__name__)
Parsed = TypeVar("Parsed")

_PAGE_ITEMS = 100  # the service's maximum
_EPOCH = datetime.fromtimestamp(0, UTC)
_NO_ANSWER_HINT = (
    "Check the network, the proxy (https_proxy, no_proxy) and, where a proxy reads along, its certificate (ca_bundle)."
)


def open_ecs(
    *,
    region_id: str,
    credentials: Credentials,
    endpoint: str = "",
    network: NetworkSettings = DIRECT,
    retry: Retry | None = None,
) -> "EcsCloud":
    """Make ECS of one region ready; nothing is sent yet. Raises SettingsError."""
    quieten_sdks()
    transport = SdkTransport(
        region_id=check_region(region_id),
        credentials=credentials,
        endpoint=ecs_endpoint(endpoint),
        network=network,
    )
    return EcsCloud(transport, region_id=region_id, retry=retry or Retry())


class EcsCloud:
    """ECS in one region. Calls that only read are repeated where that helps; `export` and `cancel` are sent once."""

    def __init__(self, transport: Transport, *, region_id: str, retry: Retry) -> None:
        self._transport = transport
        self._region_id = region_id
        self._retry = retry

    @property
    def region_id(self) -> str:
        return self._region_id

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def image(self, image_id: str) -> CustomImage:
        """Return an image, whatever its status: without `ALL` the service shows available ones alone."""
        asked = models.DescribeImagesRequest(region_id=self._region_id, image_id=image_id, status="ALL")
        doing = f"look up image {image_id}"
        found = self._read("DescribeImages", asked, self._images_of, doing=doing)
        for image in found:
            if image.image_id == image_id:
                return image
        raise NoSuchImageOrTask(
            f"Cannot {doing}: this account has no such image in {self._region_id}.",
            hint="Check --region and the account: `imgkit images` lists what is there.",
            code="InvalidImageId.NotFound",
        )

    def images(self, query: ImageQuery) -> Iterator[CustomImage]:
        """Yield the account's own images, whatever their status."""
        asked = models.DescribeImagesRequest(
            region_id=self._region_id,
            image_owner_alias="self",
            status="ALL",
            image_name=query.name or None,
            image_family=query.family or None,
            resource_group_id=query.resource_group_id or None,
            tag=[models.DescribeImagesRequestTag(key=key, value=value) for key, value in query.tags] or None,
        )
        return self._pages("DescribeImages", asked, self._images_of, doing=f"list the images of {self._region_id}")

    def dry_run_export(self, request: ExportRequest) -> None:
        """Ask whether the export would be begun."""
        doing = f"try out the export of image {request.image_id}"
        try:
            answer = self._read("ExportImage", _export_request(request, dry_run=True), lambda raw: raw, doing=doing)
        except _DryRunPassed:
            return
        task_id = answers.exported_task_id(answer)
        if task_id:  # a region that does not know DryRun may have taken it for the real thing
            raise ExportRunning(f"asked for a trial, the service began task {task_id}")

    def export(self, request: ExportRequest) -> SentExport:
        """Start an export, once."""
        doing = f"export image {request.image_id} to bucket {request.bucket}"
        answer = self._write("ExportImage", _export_request(request), doing=doing)
        task_id = answers.exported_task_id(answer)
        if not task_id:
            raise AnswerInDoubt(f"could not {doing} for certain: the answer names no task")
        return SentExport(task_id=task_id, request_id=str(answer.get("RequestId") or ""))

    def task(self, task_id: str) -> ExportTask:
        """Return a task with its progress, objects and failures."""
        asked = models.DescribeTaskAttributeRequest(region_id=self._region_id, task_id=task_id)
        return self._read("DescribeTaskAttribute", asked, self._task_of, doing=f"look up task {task_id}")

    def export_tasks(self, *, image_id: str = "", since: datetime | None = None) -> Iterator[ExportTask]:
        """Yield the region's export tasks, newest first; the service's own order is not documented."""
        asked = models.DescribeTasksRequest(
            region_id=self._region_id,
            task_action="ExportImage",
            resource_ids=[image_id] if image_id else None,
            start_time=since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z") if since else None,
        )
        tasks = self._pages("DescribeTasks", asked, self._tasks_of, doing=f"list the tasks of {self._region_id}")
        wanted = [task for task in tasks if not image_id or task.image_id in {"", image_id}]
        yield from sorted(wanted, key=lambda task: task.created or _EPOCH, reverse=True)

    def cancel(self, task_id: str) -> None:
        """Ask, once, to cancel a task; whether it worked shows in the task."""
        asked = models.CancelTaskRequest(region_id=self._region_id, task_id=task_id)
        self._write("CancelTask", asked, doing=f"cancel task {task_id}")

    def _images_of(self, raw: Raw) -> list[CustomImage]:
        if "Images" not in raw:
            raise Unintelligible("no list of images")
        request_id = str(raw.get("RequestId") or "")
        return [
            answers.parse_image(one, region_id=self._region_id, request_id=request_id)
            for one in answers.items(raw, "Images", "Image")
        ]

    def _tasks_of(self, raw: Raw) -> list[ExportTask]:
        if "TaskSet" not in raw:
            raise Unintelligible("no list of tasks")
        return [answers.parse_task(one, region_id=self._region_id) for one in answers.items(raw, "TaskSet", "Task")]

    def _task_of(self, raw: Raw) -> ExportTask:
        return answers.parse_task(raw, region_id=self._region_id)

    def _pages(self, action: str, asked: Any, parse: Callable[[Raw], list[Parsed]], *, doing: str) -> Iterator[Parsed]:
        seen, number = 0, 0
        while True:
            number += 1
            asked.page_number, asked.page_size = number, _PAGE_ITEMS
            page, total = self._read(action, asked, lambda raw: (parse(raw), answers.total_count(raw)), doing=doing)
            yield from page
            seen += len(page)
            if not page or (len(page) < _PAGE_ITEMS if total is None else seen >= total):
                return

    def _read(self, action: str, asked: Any, parse: Callable[[Raw], Parsed], *, doing: str) -> Parsed:
        """Ask until there is an answer that can be read, or a refusal that asking again would not change."""

        def once() -> Parsed:
            try:
                return parse(self._transport.send(action, asked.to_map()))
            except Unintelligible as error:
                raise TryAgain(f"the service's answer is unintelligible: {error}") from error
            except NoAnswer as error:
                if error.untrusted:
                    raise _unreachable(error, doing) from error
                raise TryAgain(error.reason, hint=_NO_ANSWER_HINT) from error
            except Refused as error:
                raise _refusal_when_reading(error, doing) from error

        return self._retry.call(once, doing=doing)

    def _write(self, action: str, asked: Any, *, doing: str) -> Raw:
        """Send once. Raises AnswerInDoubt unless it is certain that nothing was begun."""
        try:
            return self._transport.send(action, asked.to_map())
        except NoAnswer as error:
            if error.sent:
                raise AnswerInDoubt(f"could not {doing} for certain: {error.reason}") from error
            raise _unreachable(error, doing) from error
        except Refused as error:
            refusal = error.refusal
            if refusal.code == "ImageIsExporting":
                raise ExportRunning(f"could not {doing}: {one_line(refusal.message)}") from error
            if refusal.status >= 500:
                raise AnswerInDoubt(f"could not {doing} for certain: {refusal.code} ({refusal.status})") from error
            raise explain_ecs(refusal, doing=doing) from error


class _DryRunPassed(Exception):  # good news
    """The service's way to say yes to a trial."""


def _export_request(request: ExportRequest, *, dry_run: bool = False) -> Any:
    return models.ExportImageRequest(
        region_id=request.region_id,
        image_id=request.image_id,
        ossbucket=request.bucket,
        ossprefix=request.prefix or None,
        image_format=request.image_format or None,
        role_name=request.role_name or None,
        dry_run="true" if dry_run else None,  # the SDK would write True, in capitals
    )


def _refusal_when_reading(error: Refused, doing: str) -> Exception:
    refusal = error.refusal
    if refusal.code == "DryRunOperation":
        return _DryRunPassed()
    if refusal.code == "ImageIsExporting":
        return ExportRunning(f"could not {doing}: {one_line(refusal.message)}")
    meaning = find_meaning(refusal, ECS_CODES)
    if refusal.status >= 500 or refusal.status == 429 or (meaning is not None and meaning.again):
        return TryAgain(
            meaning.cause if meaning else f"the service answered {refusal.code or refusal.status}",
            hint=meaning.remedy if meaning else "",
            code=refusal.code,
            request_id=refusal.request_id,
            throttled=refusal.code.startswith("Throttling"),
            retry_after_seconds=error.retry_after_seconds,
        )
    return explain_ecs(refusal, doing=doing)


def _unreachable(error: NoAnswer, doing: str) -> CloudError:
    return CloudError(f"Cannot {doing}: {error.reason}.", hint=_NO_ANSWER_HINT)
