"""`imgkit fetch`: the whole road, one step after the other; run again, it goes on where it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from imgkit.errors import (
    ArchiveError,
    Differs,
    DiskImageError,
    ImgkitError,
    NoSuchBucketOrObject,
    ObjectChanged,
    RetriesExhausted,
    ToolFailed,
    UrlExpired,
)
from imgkit.evidence.image_set import open_image_set
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import DiskRecord, FileKind, FileState, Manifest, SourceKind
from imgkit.model.role import DiskRole
from imgkit.pipeline.arriving import must_come
from imgkit.pipeline.bringing import bring_disk, take_in
from imgkit.pipeline.discarding import discard
from imgkit.pipeline.inspecting import inspect_set
from imgkit.pipeline.locating import locate
from imgkit.pipeline.request import FetchRequest, Run
from imgkit.pipeline.together import run_together
from imgkit.progress import NULL_PROGRESS, Progress, together
from imgkit.services import Services
from imgkit.stages.clean import objects_of
from imgkit.stages.export import Waiting
from imgkit.stages.restore import begin_restores
from imgkit.transfer.budget import Budget

OF_ONE_DISK = (
    ArchiveError,
    Differs,
    DiskImageError,
    NoSuchBucketOrObject,
    ObjectChanged,
    RetriesExhausted,
    ToolFailed,
    UrlExpired,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What became of it. `shortfalls` are sentences about what could not be had or not be determined.

    `error` is the first that kept a disk from coming, while the others came.
    """

    folder: Path
    manifest: Manifest
    already_done: bool
    shortfalls: tuple[str, ...]
    in_bucket: tuple[ObjectInfo, ...]
    error: ImgkitError | None = None


def fetch(
    services: Services,
    request: FetchRequest,
    waiting: Waiting,
    *,
    custodian: Custodian,
    say: Callable[[str], None],
    progress: Progress = NULL_PROGRESS,
) -> FetchResult:
    """Fetch what was asked for into an image set. What is finished stays finished, whatever ends this run."""
    with open_image_set(request.folder, request.source, custodian=custodian, now=waiting.now) as image_set:
        run = Run(
            image_set=image_set,
            request=request,
            services=services,
            waiting=waiting,
            say=say,
            progress=progress,
            budget=Budget(request.transfer),
        )
        before = len(image_set.manifest.steps)
        locate(run)
        run.shortfalls += _shortfalls(image_set.manifest)
        errors = _bring_all(run)
        run.shortfalls += _unproven(image_set.manifest)
        if request.inspect and not errors:
            inspect_set(run)
        if not errors:
            _discard_images(run)
        return FetchResult(
            folder=request.folder,
            manifest=image_set.manifest,
            already_done=len(image_set.manifest.steps) == before,
            shortfalls=tuple(run.shortfalls),
            in_bucket=_in_bucket(image_set.manifest),
            error=errors[0] if errors else None,
        )


def _bring_all(run: Run) -> list[ImgkitError]:
    """Let the disks come at once, then bring one after the other to its end; one that is damaged keeps none of the
    others from coming.

    Return the errors. Raises at once what is no fault of one disk, and the error where there is no other disk.
    """
    errors: list[ImgkitError] = []
    disks = run.image_set.manifest.disks
    failed = _take_in_together(run)
    for disk in disks:
        try:
            if disk.role in failed:
                raise failed[disk.role]
            bring_disk(run, disk.role)
        except OF_ONE_DISK as error:
            if len(disks) == 1:
                raise
            run.say(f"{disk.role}: {error.message}")
            run.shortfalls.append(f"disk {disk.role}: {error.message}")
            errors.append(error)
    return errors


def _take_in_together(run: Run) -> dict[DiskRole, ImgkitError]:
    """Download and unpack several disks at once, under one budget; return the errors of those that failed."""
    coming = [disk for disk in run.image_set.manifest.disks if must_come(run, disk.role)]
    if len(coming) < 2:
        return {}
    assert run.budget is not None
    if run.request.restore:
        _begin_restores(run, coming)
    sizes = sum(disk.object.size for disk in coming if disk.object is not None)
    with together(run.progress, f"{len(coming)} disks", total=sizes) as run.arrivals:
        works = [partial(take_in, run, disk.role) for disk in coming]
        results = run_together(works, budget=run.budget, tolerated=OF_ONE_DISK)
    run.arrivals = None
    named = zip(coming, results, strict=True)
    return {disk.role: error for disk, error in named if isinstance(error, ImgkitError)}


def _begin_restores(run: Run, coming: Sequence[DiskRecord]) -> None:
    for disk in coming:
        if disk.object is not None and disk.role not in run.request.urls:
            begin_restores(run.services.store(disk.object.bucket), [disk.object.key])


def _shortfalls(manifest: Manifest) -> list[str]:
    """Return what the cloud did not give; it is said in every run, until it is there."""
    task = manifest.source.task
    failures = task.failures if task else ()
    missing = [f"disk {role} is missing" for role in manifest.missing]
    if manifest.source.image is not None and not manifest.source.image.disks:
        missing = ["ECS names no disks of this image, so whether all of them are here could not be determined"]
    return [*missing, *(f"the export task said: {words}" for words in failures)]


def _unproven(manifest: Manifest) -> list[str]:
    """Return the disks whose download nobody can prove; `check` says the same."""
    disks = [disk for disk in manifest.disks if disk.object is not None and disk.object.crc64 is None]
    return [f"disk {disk.role} is not proven: the service names no CRC-64 for its object" for disk in disks]


def _discard_images(run: Run) -> None:
    """With `--keep` without images, only digests and reports stay of them."""
    for disk in run.image_set.manifest.disks:
        going = [each for each in disk.files if each.kind is FileKind.IMAGE and each.state is FileState.KEPT]
        going = [each for each in going if each.path.parts[0] != "objects"]
        discard(run, disk.role, [each for each in going if not run.request.keeps_image(each.format)])


def _in_bucket(manifest: Manifest) -> tuple[ObjectInfo, ...]:
    if manifest.source.kind is not SourceKind.IMAGE:
        return ()
    return tuple(each for each in objects_of(manifest) if each.url not in manifest.removed)
