"""From an image id to the objects in a bucket: pre-flight, export or join, wait."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from imgkit.aliyun.rules import offers_image_format
from imgkit.errors import ExportCancelled, ExportFailed
from imgkit.files.left_running import LeftRunning, interruption_names_task
from imgkit.model.formats import DiskFormat
from imgkit.model.image import CustomImage
from imgkit.model.preflight import Finding, Severity
from imgkit.model.task import ExportRequest, ExportTask
from imgkit.ports import ExportRunning, ImageCloud
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.services import Services
from imgkit.stages.export import Waiting, follow_export, forget_export, start_export
from imgkit.stages.preflight import examine_export

Tell = Callable[[Sequence[Finding]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChoices:
    """What the user wants of an export."""

    image_id: str
    prefix: str = ""
    image_format: DiskFormat | None = None
    preflight: bool = True
    dry_run: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The task as it is at the end; None after a dry run."""

    image: CustomImage
    task: ExportTask | None


def export_to_bucket(
    services: Services, choices: ExportChoices, waiting: Waiting, *, progress: Progress = NULL_PROGRESS, tell: Tell
) -> Exported:
    """Do what `imgkit export` does. Raises the error of the first refusal, after all findings were told."""
    request = export_request(services, choices)
    with interruption_names_task(_journal(services, request)) as left:
        return _export(services, request, choices, waiting, left, progress=progress, tell=tell)


def _export(
    services: Services,
    request: ExportRequest,
    choices: ExportChoices,
    waiting: Waiting,
    left: LeftRunning,
    *,
    progress: Progress,
    tell: Tell,
) -> Exported:
    cloud = services.cloud()
    image = cloud.image(choices.image_id)
    if choices.preflight:
        findings = (
            *examine_export(cloud, services.store(request.bucket), image, request),
            *examine_format(services.region, choices.image_format),
        )
        tell(findings)
        raise_refusal(findings)
    if choices.dry_run:
        with suppress(ExportRunning):  # it could be exported, and just that is happening
            cloud.dry_run_export(request)
        return Exported(image=image, task=None)
    journal = _journal(services, request)
    task = start_export(cloud, request, journal, waiting, left)
    if choices.wait:
        task = follow_to_end(services, cloud, task, journal, waiting, progress=progress)
        left.is_over()
        forget_export(journal)
        _refuse_partial(services, task)
    return Exported(image=image, task=task)


def export_request(services: Services, choices: ExportChoices) -> ExportRequest:
    """Return what ExportImage is asked; a format is only named where the region offers it and raw is not meant."""
    wanted = choices.image_format
    named = wanted is not None and wanted is not DiskFormat.RAW and offers_image_format(services.region)
    return ExportRequest(
        region_id=services.region,
        image_id=choices.image_id,
        bucket=services.require_bucket(),
        prefix=choices.prefix,
        image_format=wanted.value if named and wanted else "",
        role_name=services.settings.role_name,
    )


def examine_format(region_id: str, wanted: DiskFormat | None) -> Iterator[Finding]:
    """Say when a format was asked for that the region does not offer: then it is raw, and converted here."""
    if wanted is None or wanted is DiskFormat.RAW or offers_image_format(region_id):
        return
    words = f"{region_id} exports no {wanted.value} (ECS offers formats in nine regions only): it exports raw"
    remedy = f"imgkit converts to {wanted.value} on this machine: --to {wanted.value}."
    yield Finding(rule="format", severity=Severity.NOTE, words=words, remedy=remedy)


def follow_to_end(
    services: Services,
    cloud: ImageCloud,
    task: ExportTask,
    journal: Path,
    waiting: Waiting,
    *,
    progress: Progress = NULL_PROGRESS,
) -> ExportTask:
    """Follow a task; a task that failed or was cancelled leaves no journal, so that the next run exports anew."""
    try:
        ended = follow_export(cloud, task.task_id, waiting, progress=progress, explain=services.explain_task_failure)
    except (ExportFailed, ExportCancelled):
        forget_export(journal)
        raise
    return replace(ended, export_request_id=task.export_request_id)


def failures_of(services: Services, task: ExportTask) -> tuple[str, ...]:
    """Return in words what failed of a task that ended well as a whole: the service counts operations by disk."""
    told = [services.explain_task_failure(each.code, each.message).message for each in task.failures]
    if not told and task.failed_count:
        told = [f"{task.failed_count} of its operations failed, and the service does not say why"]
    return tuple(told)


def _refuse_partial(services: Services, task: ExportTask) -> None:
    failures = failures_of(services, task)
    if failures:
        raise ExportFailed(
            f"the export task {task.task_id} ended without all of its disks: {'; '.join(failures)}",
            hint=f"See which objects are there with: imgkit tasks show {task.task_id} --region {services.region}",
        )


def raise_refusal(findings: Sequence[Finding]) -> None:
    """Raise the error of the first refusal, its message naming how many there are."""
    refusals = [each for each in findings if each.severity is Severity.REFUSAL and each.error is not None]
    if not refusals:
        return
    first = refusals[0].error
    assert first is not None
    if len(refusals) > 1:
        first.message = f"{len(refusals)} things forbid it; the first: {first.message}"
    raise first


def _journal(services: Services, request: ExportRequest) -> Path:
    name = f"{request.region_id}-{request.image_id}-{request.bucket}-{request.prefix or 'none'}.json"
    return services.folders.state / "exports" / name
