"""From the JSON of ECS to our nouns. The service's types vary (numbers as text, booleans as words): all are taken."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from imgkit.model.image import CustomImage, DiskMapping
from imgkit.model.role import DiskRole
from imgkit.model.task import ExportTask, TaskFailure, TaskObject, TaskState
from imgkit.units import GiB, parse_utc

Raw = Mapping[str, Any]

# The first disk of an instance, where an old answer does not say which is the system disk.
_SYSTEM_DEVICES = frozenset({"xvda", "vda", "sda", "nvme0n1"})


class Unintelligible(Exception):  # what the answer is
    """An answer 200 that lacks what every such answer has."""


def parse_image(raw: Raw, *, region_id: str, request_id: str = "") -> CustomImage:
    """Read one entry of DescribeImages."""
    image_id = _text(raw, "ImageId")
    if not image_id:
        raise Unintelligible("an image without an id")
    return CustomImage(
        image_id=image_id,
        region_id=region_id,
        name=_text(raw, "ImageName"),
        description=_text(raw, "Description"),
        owner_alias=_text(raw, "ImageOwnerAlias"),
        owner_id=_text(raw, "ImageOwnerId"),
        status=_text(raw, "Status"),
        os_type=_text(raw, "OSType"),
        os_name=_text(raw, "OSNameEn") or _text(raw, "OSName"),
        platform=_text(raw, "Platform"),
        architecture=_text(raw, "Architecture"),
        boot_mode=_text(raw, "BootMode"),
        product_code=_text(raw, "ProductCode"),
        family=_text(raw, "ImageFamily"),
        resource_group_id=_text(raw, "ResourceGroupId"),
        system_disk_bytes=_number(raw, "Size") * GiB,
        created=_moment(raw, "CreationTime"),
        disks=tuple(_parse_disk(one) for one in items(raw, "DiskDeviceMappings", "DiskDeviceMapping")),
        tags=tuple((_text(one, "TagKey"), _text(one, "TagValue")) for one in items(raw, "Tags", "Tag")),
        request_id=request_id,
    )


def parse_task(raw: Raw, *, region_id: str) -> ExportTask:
    """Read DescribeTaskAttribute, or one entry of DescribeTasks, which lacks progress, objects and failures."""
    task_id, word = _text(raw, "TaskId"), _text(raw, "TaskStatus")
    if not task_id or not word:
        raise Unintelligible("a task without id or status")
    operations = list(items(raw, "OperationProgressSet", "OperationProgress"))
    return ExportTask(
        task_id=task_id,
        region_id=_text(raw, "RegionId") or region_id,
        state=task_state(word),
        status_word=word,
        action=_text(raw, "TaskAction"),
        image_id=_text(raw, "ResourceId"),
        percent=min(100, max(0, _number(raw, "TaskProcess"))),
        cancellable=_truth(raw, "SupportCancel"),
        created=_moment(raw, "CreationTime"),
        finished=_moment(raw, "FinishedTime"),
        objects=tuple(item for one in operations if not _has_failed(one) for item in _objects(one)),
        failures=tuple(_failure(one) for one in operations if _has_failed(one)),
        failed_count=_number(raw, "FailedCount"),
        request_id=_text(raw, "RequestId"),
    )


def task_state(word: str) -> TaskState:
    """Read a status word. Only three are documented; how a cancelled task is called is not."""
    lowered = word.strip().lower()
    if lowered == "finished":
        return TaskState.FINISHED
    if lowered == "failed":
        return TaskState.FAILED
    return TaskState.CANCELLED if lowered.startswith(("cancel", "delet")) else TaskState.RUNNING


def exported_task_id(raw: Raw) -> str:
    """Return the task's id from an answer of ExportImage; older samples call it ExportTaskId."""
    return _text(raw, "TaskId") or _text(raw, "ExportTaskId")


def items(raw: Raw, outer: str, inner: str) -> Sequence[Raw]:
    """Return a list of the API, which lies in two wrappings, either of which may be missing."""
    wrapped = raw.get(outer)
    listed = wrapped.get(inner) if isinstance(wrapped, Mapping) else wrapped
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def total_count(raw: Raw) -> int | None:
    """Return how many entries all pages have together, where the answer says it."""
    return _number(raw, "TotalCount") if "TotalCount" in raw else None


def _parse_disk(raw: Raw) -> DiskMapping:
    device = _text(raw, "Device")
    bare = device.removeprefix("/dev/")
    kind = _text(raw, "Type").lower()
    is_system = kind == "system" or (not kind and bare in _SYSTEM_DEVICES)
    try:
        role = DiskRole() if is_system else DiskRole.parse(device)
    except ValueError as error:
        raise Unintelligible(f"a disk with the device {device!r}") from error
    return DiskMapping(
        role=role,
        device=device,
        size_bytes=_number(raw, "Size") * GiB,
        snapshot_id=_text(raw, "SnapshotId"),
        encrypted=_truth(raw, "Encrypted"),
    )


def _objects(operation: Raw) -> Iterator[TaskObject]:
    """Yield what an operation wrote: items come as name and value, one group of them for each object."""
    bucket = image_format = ""
    keys: list[str] = []
    for item in items(operation, "RelatedItemSet", "RelatedItem"):
        name, value = _text(item, "Name"), _text(item, "Value")
        bucket = bucket or (value if name == "OSSBucket" else "")
        image_format = image_format or (value if name == "ImageFormat" else "")
        if name == "OSSObject" and value and value not in keys:
            keys.append(value)
    return (TaskObject(bucket=bucket, key=key, image_format=image_format) for key in keys)


def _has_failed(operation: Raw) -> bool:
    """A successful operation may carry an error code all the same: the sample of the documentation does."""
    word = _text(operation, "OperationStatus").lower()
    return word.startswith("fail") or (not word and bool(_text(operation, "ErrorCode")))


def _failure(operation: Raw) -> TaskFailure:
    return TaskFailure(code=_text(operation, "ErrorCode"), message=_text(operation, "ErrorMsg"))


def _text(raw: Raw, name: str) -> str:
    value = raw.get(name)
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _number(raw: Raw, name: str) -> int:
    """Read 40, "40" and "40%"; what is no number counts as 0, which every caller takes for unknown."""
    digits = _text(raw, name).strip().removesuffix("%").partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _truth(raw: Raw, name: str) -> bool:
    return _text(raw, name).strip().lower() == "true"


def _moment(raw: Raw, name: str) -> datetime | None:
    try:
        return parse_utc(_text(raw, name))
    except ValueError:
        return None
