"""What the service says now of the objects and the task that a set came from. What is gone is no fault of the bytes."""

from collections.abc import Callable, Iterator

from imgkit.errors import ImgkitError, NoSuchBucketOrObject, NoSuchImageOrTask
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Manifest, SourceKind
from imgkit.model.task import TaskState
from imgkit.ports import ImageCloud, ObjectStore
from imgkit.stages.verify.links import held, judged, unknown

IN_BUCKET = "is in the bucket as it was"
TASK = "is the task that the service knows"

StoreOf = Callable[[ObjectInfo], ObjectStore]  # the bucket of an object, at the version that is recorded


def check_online(manifest: Manifest, *, store_of: StoreOf, cloud: Callable[[], ImageCloud]) -> CheckResult:
    """Ask about every object, and about the export task; nothing is downloaded."""
    notes: list[str] = []
    if manifest.source.kind is SourceKind.ARCHIVES:
        notes.append("this set began with archives on a machine: there is no service to ask")
    links = [
        _check_object(manifest, disk.object, store_of).of_disk(str(disk.role))
        for disk in manifest.disks
        if disk.object is not None
    ]
    for each in _check_task(manifest, cloud):
        if isinstance(each, str):
            notes.append(each)
        else:
            links.append(each)
    return CheckResult(links=tuple(links), notes=tuple(notes))


def _check_object(manifest: Manifest, known: ObjectInfo, store_of: StoreOf) -> LinkOutcome:
    if manifest.source.kind is SourceKind.URL:
        return unknown(known.url, IN_BUCKET, "it came by a presigned URL, which is not kept: there is nobody to ask")
    try:
        found = store_of(known).describe(known.key)
    except NoSuchBucketOrObject as error:
        if known.url in manifest.removed:
            return held(known.url, IN_BUCKET, "gone, as recorded: imgkit clean removed it")
        return unknown(known.url, IN_BUCKET, f"gone: {error.message}")
    except ImgkitError as error:
        return unknown(known.url, IN_BUCKET, f"could not be asked: {error.message}")
    differing = _differing(known, found)
    detail = f"another object lies there now: {differing}"
    return judged(known.url, IN_BUCKET, holds=not differing, detail=detail)


def _differing(known: ObjectInfo, found: ObjectInfo) -> str:
    told = [("size", known.size, found.size), ("ETag", known.etag, found.etag)]
    if None not in {known.crc64, found.crc64}:
        told.append(("CRC-64", known.crc64, found.crc64))
    if known.version_id:
        told.append(("version", known.version_id, found.version_id))
    return ", ".join(f"its {what} is {now} and was {then}" for what, then, now in told if then != now)


def _check_task(manifest: Manifest, cloud: Callable[[], ImageCloud]) -> Iterator[LinkOutcome | str]:
    known = manifest.source.task
    if known is None or not known.task_id:
        return
    subject = f"task {known.task_id}"
    try:
        found = cloud().task(known.task_id)
    except NoSuchImageOrTask:
        yield f"{subject} is gone: ECS does not know it any more, as it forgets tasks after a while"
        return
    except ImgkitError as error:
        yield unknown(subject, TASK, f"could not be asked: {error.message}")
        return
    differing = []
    if found.state is not TaskState.FINISHED:
        differing.append(f"it is {found.status_word}")
    if found.image_id not in {"", manifest.source.image_id}:
        differing.append(f"it exports {found.image_id}")
    if known.finished is not None and found.finished not in {None, known.finished}:
        differing.append("it ended at another time")
    yield judged(subject, TASK, holds=not differing, detail=", ".join(differing))
