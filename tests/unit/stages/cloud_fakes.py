"""A bucket and an ECS in memory, for the stages' tests; they record what was asked of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from imgkit.errors import NoSuchBucketOrObject, NoSuchImageOrTask
from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.model.image import CustomImage, DiskMapping, ImageQuery
from imgkit.model.role import DiskRole
from imgkit.model.task import ExportRequest, ExportTask, SentExport, TaskState
from imgkit.ports import RangeSource
from imgkit.units import GiB

NOW = datetime(2026, 11, 22, tzinfo=UTC)
IMAGE_ID = "m-2ze6tciolfdoydrr6ze3"
SYSTEM, XVDB = DiskRole(), DiskRole("xvdb")
REQUEST = ExportRequest(region_id="cn-hangzhou", image_id=IMAGE_ID, bucket="evidence", prefix="case")


def image(*roles: str, **fields: object) -> CustomImage:
    """A plain exportable image with a system disk and these data disks."""
    disks = (
        DiskMapping(role=DiskRole(), device="/dev/xvda", size_bytes=40 * GiB),
        *(DiskMapping(role=DiskRole(role), device=f"/dev/{role}", size_bytes=20 * GiB) for role in roles),
    )
    known = {"owner_alias": "self", "status": "Available", "os_type": "linux", "disks": disks} | fields
    return CustomImage(image_id=IMAGE_ID, region_id="cn-hangzhou", **known)  # type: ignore[arg-type]


def task(task_id: str, state: TaskState = TaskState.RUNNING, **fields: object) -> ExportTask:
    return ExportTask(task_id=task_id, region_id="cn-hangzhou", state=state, **fields)  # type: ignore[arg-type]


@dataclass
class FakeStore:
    """Objects by key; whatever else is asked of a bucket raises by itself."""

    keys: dict[str, int] = field(default_factory=dict)
    info: BucketInfo | Exception = field(default_factory=lambda: BucketInfo(name="evidence", region_id="cn-hangzhou"))
    deleted: list[str] = field(default_factory=list)
    bucket: str = "evidence"

    def bucket_info(self) -> BucketInfo:
        if isinstance(self.info, Exception):
            raise self.info
        return self.info

    def describe(self, key: str) -> ObjectInfo:
        if key not in self.keys:
            raise NoSuchBucketOrObject(f"no {key}")
        return ObjectInfo(bucket=self.bucket, key=key, size=self.keys[key], etag=f"etag-{key}", last_modified=NOW)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        yield from (self.describe(key) for key in sorted(self.keys) if key.startswith(prefix))

    def source(self, key: str) -> RangeSource:
        raise AssertionError(f"nobody asks for {key} here")

    def restore(self, key: str, *, days: int) -> None:
        raise AssertionError(f"nobody asks to restore {key} for {days} days here")

    def delete(self, key: str) -> None:
        self.deleted.append(key)


@dataclass
class FakeCloud:
    """`answers` to ExportImage in turn: a task id, or an exception; `lives` is what each task shows, in turn."""

    answers: list[str | Exception] = field(default_factory=list)
    lives: dict[str, list[ExportTask]] = field(default_factory=dict)
    listed: list[list[ExportTask]] = field(default_factory=list)
    dry_run: Exception | None = None
    sent: list[ExportRequest] = field(default_factory=list)
    on_export: Callable[[], None] = lambda: None  # a plain default
    region_id: str = "cn-hangzhou"

    def image(self, image_id: str) -> CustomImage:
        raise AssertionError(f"nobody asks for {image_id} here")

    def images(self, query: ImageQuery) -> Iterator[CustomImage]:
        raise AssertionError(f"nobody asks for {query} here")

    def dry_run_export(self, request: ExportRequest) -> None:
        if self.dry_run is not None:
            raise self.dry_run

    def export(self, request: ExportRequest) -> SentExport:
        self.sent.append(request)
        self.on_export()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SentExport(task_id=answer, request_id=f"R-{answer}")

    def task(self, task_id: str) -> ExportTask:
        life = self.lives.get(task_id)
        if life is None:
            raise NoSuchImageOrTask(f"no {task_id}")
        return life.pop(0) if len(life) > 1 else life[0]

    def export_tasks(self, *, image_id: str = "", since: datetime | None = None) -> Iterator[ExportTask]:
        if not self.listed:
            return iter(())
        return iter(self.listed.pop(0) if len(self.listed) > 1 else self.listed[0])

    def cancel(self, task_id: str) -> None:
        raise AssertionError(f"nobody asks for {task_id} here")


def lives(*tasks: Sequence[ExportTask]) -> dict[str, list[ExportTask]]:
    return {each[0].task_id: list(each) for each in tasks}
