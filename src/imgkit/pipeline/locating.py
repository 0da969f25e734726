"""From what the user named to the object or archive of each disk, written into the manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from imgkit.aliyun.rules import parse_object_name
from imgkit.errors import NoSuchBucketOrObject, NotAccessible, SettingsError, TargetExists
from imgkit.evidence.measuring import measure_file
from imgkit.files.left_running import interruption_names_task
from imgkit.model.cloud_object import ObjectInfo, OssLocation
from imgkit.model.image import CustomImage
from imgkit.model.manifest import (
    CallerRecord,
    ClockRecord,
    DiskRecord,
    FileKind,
    FileRecord,
    FileState,
    Outcome,
    SourceKind,
    TaskRecord,
)
from imgkit.model.preflight import Finding, Severity
from imgkit.model.role import DiskRole
from imgkit.model.task import ExportRequest, ExportTask
from imgkit.pipeline.exporting import failures_of, follow_to_end, raise_refusal
from imgkit.pipeline.origin import asking_meanwhile, clock_of, with_findings
from imgkit.pipeline.planning import fetch_export_request, plan_fetch, room_after
from imgkit.pipeline.request import Run, StepDraft, recorded_step
from imgkit.stages.export import forget_export, start_export
from imgkit.stages.objects import FoundObjects, find_objects, place_keys
from imgkit.stages.preflight import find_earlier_export


def locate(run: Run) -> None:
    """Make sure that the manifest names every disk that can be had; on a set that does, nothing is asked again."""
    kind = run.request.source.kind
    if kind is SourceKind.IMAGE:
        _locate_image(run)
    elif run.image_set.manifest.disks:
        _refuse_other_places(run)
    elif kind is SourceKind.OBJECTS:
        _locate_objects(run)
    elif kind is SourceKind.URL:
        _locate_urls(run)
    else:
        _locate_archives(run)
    _check_room(run)


def _refuse_other_places(run: Run) -> None:
    """A set that was begun keeps its disks in their places; a --disk that says otherwise is not passed over."""
    for role, name in run.request.assigned.items():
        for disk in run.image_set.manifest.disks:
            if disk.object is not None and name in {disk.object.key, disk.object.url} and disk.role != role:
                raise TargetExists(
                    f"this set has {disk.object.url} as disk {disk.role}, not as {role}",
                    hint="Begin a new set with -o.",
                )


def _locate_image(run: Run) -> None:
    manifest = run.image_set.manifest
    if manifest.disks and not manifest.missing:
        return
    export = fetch_export_request(run.services, run.request)
    export = replace(export, prefix=export.prefix or manifest.source.prefix)  # a later run need not repeat it
    if manifest.disks:
        assert manifest.source.image is not None
        _record_objects(run, manifest.source.image, export, None)  # perhaps the missing ones are there by now
        return
    journal = run.image_set.workspace / "export.json"
    image, task = _export(run, export, journal)
    try:
        _record_objects(run, image, export, task)
    except NoSuchBucketOrObject:
        forget_export(journal)  # that task has ended without anything for this set; the next run begins anew
        raise
    forget_export(journal)


def _export(run: Run, export: ExportRequest, journal: Path) -> tuple[CustomImage, ExportTask | None]:
    with interruption_names_task(journal) as left:
        cloud = run.services.cloud()
        if journal.exists():
            image = cloud.image(export.image_id)
        else:
            image = _preflight(run)
            if run.request.reuse and find_earlier_export(run.services.store(export.bucket), export):
                run.say("taking the objects of an earlier export")
                return image, None
        task = start_export(cloud, export, journal, run.waiting, left)
        run.say(f"exporting {export.image_id} to oss://{export.bucket} (task {task.task_id})")
        ended = follow_to_end(run.services, cloud, task, journal, run.waiting, progress=run.progress)
        left.is_over()
        return image, ended


def _preflight(run: Run) -> CustomImage:
    if not run.request.preflight:
        return run.services.cloud().image(run.request.source.image_id)
    image, findings = plan_fetch(run.services, run.request)
    _tell(run, findings)
    raise_refusal(findings)
    return image


def _tell(run: Run, findings: Sequence[Finding]) -> None:
    for each in findings:
        if each.severity not in {Severity.HELD, Severity.REFUSAL}:
            run.say(f"{each.severity.value}: {each.words}" + (f" ({each.remedy})" if each.remedy else ""))


def _record_objects(run: Run, image: CustomImage, export: ExportRequest, task: ExportTask | None) -> None:
    with recorded_step(run, "export") as draft, asking_meanwhile(run) as caller:
        store = run.services.store(export.bucket)
        asked = run.waiting.now()
        found = find_objects(store, image, prefix=export.prefix, task=task, assigned=run.request.assigned)
        clock = clock_of(asked, [info for _, info in found.by_role], run.waiting.now())
        source = replace(
            run.image_set.manifest.source,
            region_id=export.region_id,
            bucket=export.bucket,
            image=image,
            task=_task_record(run, task) or run.image_set.manifest.source.task,
            locations=tuple(info.url for _, info in found.by_role),
            caller=caller(),
            clock=clock,
        )
        draft.notes = _placement_notes(found)
        if source.task is not None and source.task.failures:
            draft.outcome, draft.reason = Outcome.FAILED, "; ".join(source.task.failures)
        draft.tools = (("alibabacloud-ecs20140526", run.services.sdk_version("alibabacloud-ecs20140526")),)
        draft.arguments = _export_arguments(export)
        manifest = replace(run.image_set.manifest, source=source, missing=found.missing)
        fresh = _disks_of(run, image, found)
        draft.finish(*fresh, manifest=with_findings(run, manifest, fresh, draft))


def _export_arguments(export: ExportRequest) -> tuple[str, ...]:
    """Return what ExportImage was asked, as its own parameters."""
    told = {
        "RegionId": export.region_id,
        "ImageId": export.image_id,
        "OSSBucket": export.bucket,
        "OSSPrefix": export.prefix,
        "ImageFormat": export.image_format,
        "RoleName": export.role_name,
    }
    return ("ExportImage", *(f"{name}={value}" for name, value in told.items() if value))


def _placement_notes(found: FoundObjects) -> tuple[str, ...]:
    missing = [f"the bucket has no object of disk {role}" for role in found.missing]
    return (*missing, *(f"the object {key} fits no disk; say which with --disk ROLE=KEY" for key in found.unplaced))


def _disks_of(run: Run, image: CustomImage, found: FoundObjects) -> list[DiskRecord]:
    """Known disks stay as they are: what was done to them already counts."""
    by_role = {disk.role: disk for disk in image.disks}
    fresh = [(role, info) for role, info in found.by_role if run.image_set.manifest.disk(role) is None]
    return [
        DiskRecord(
            role=role,
            device=by_role[role].device if role in by_role else "",
            expected_bytes=by_role[role].size_bytes if role in by_role else None,
            object=info,
        )
        for role, info in fresh
    ]


def _task_record(run: Run, task: ExportTask | None) -> TaskRecord | None:
    if task is None:
        return None
    return TaskRecord(
        task_id=task.task_id,
        request_id=task.request_id,
        export_request_id=task.export_request_id,
        created=task.created,
        finished=task.finished,
        status_word=task.status_word,
        failures=failures_of(run.services, task),
    )


def _locate_objects(run: Run) -> None:
    with recorded_step(run, "locate") as draft, asking_meanwhile(run) as caller:
        locations = [OssLocation.parse(each) for each in run.request.source.locations]
        assigned = {role: _as_url(key, locations) for role, key in run.request.assigned.items()}
        named = dict.fromkeys((*locations, *map(OssLocation.parse, assigned.values())))
        infos = {info.url: info for each in named for info in _objects_at(run, each)}
        placed = place_keys(sorted(infos), assigned=assigned)
        if placed.unplaced:
            raise _unplaced(placed.unplaced)
        draft.notes = tuple(_guesses(placed.keys, assigned))
        store_of, asked = run.services.store, run.waiting.now()
        disks = [
            DiskRecord(role=role, object=store_of(infos[url].bucket).describe(infos[url].key))
            for role, url in placed.keys
        ]
        clock = clock_of(asked, [disk.object for disk in disks if disk.object], run.waiting.now())
        draft.tools = (("oss2", run.services.sdk_version("oss2")),)
        draft.arguments = tuple(f"{role}={url}" for role, url in placed.keys)
        _finish_with_origin(run, draft, disks, caller=caller(), clock=clock)


def _finish_with_origin(
    run: Run, draft: StepDraft, disks: Sequence[DiskRecord], *, caller: CallerRecord, clock: ClockRecord | None
) -> None:
    source = replace(run.image_set.manifest.source, region_id=run.services.settings.region, caller=caller, clock=clock)
    manifest = replace(run.image_set.manifest, source=source)
    draft.finish(*disks, manifest=with_findings(run, manifest, disks, draft))


def _guesses(keys: Sequence[tuple[DiskRole, str]], assigned: Mapping[DiskRole, str]) -> Iterator[str]:
    """Say which name was taken for a disk although it names none."""
    for role, url in keys:
        name = parse_object_name(url)
        if role not in assigned and (name is None or name.role is None):
            yield f"{url} does not say which disk it is, and is taken for {role} (else say --disk xvdb={url})"


def _as_url(key: str, locations: Sequence[OssLocation]) -> str:
    return key if key.startswith("oss://") else f"oss://{locations[0].bucket}/{key}"


def _objects_at(run: Run, location: OssLocation) -> list[ObjectInfo]:
    store = run.services.store(location.bucket)
    if not location.is_prefix:
        return [store.describe(location.key)]
    found = [each for each in store.list_objects(location.key) if each.size and not each.key.endswith("/")]
    if not found:
        raise SettingsError(f"nothing lies below {location}", hint="Look with the console or `ossutil ls`.")
    return found


def _unplaced(names: Sequence[str]) -> SettingsError:
    return SettingsError(
        f"cannot tell which disk {names[0]} is" + (f" (and {len(names) - 1} more)" if len(names) > 1 else ""),
        hint="Say it with --disk system=NAME or --disk xvdb=NAME, once for each disk.",
    )


def _locate_urls(run: Run) -> None:
    with recorded_step(run, "locate") as draft:
        asked = run.waiting.now()
        disks = [DiskRecord(role=role, object=run.source(role).describe()) for role in run.request.urls]
        clock = clock_of(asked, [disk.object for disk in disks if disk.object], run.waiting.now())
        caller = CallerRecord(undetermined="a presigned URL names nobody")
        _finish_with_origin(run, draft, disks, caller=caller, clock=clock)


def _locate_archives(run: Run) -> None:
    with recorded_step(run, "locate") as draft:
        draft.finish(*(_archive_disk(run, role, path) for role, path in run.request.archives.items()))


def _archive_disk(run: Run, role: DiskRole, path: Path) -> DiskRecord:
    try:
        measured = measure_file(path, progress=run.progress, title=f"reading {role}")
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror}", hint="Check its name and rights.") from error
    run.proven.add(path.absolute())
    record = FileRecord(
        path=PurePosixPath(path.absolute()),
        kind=FileKind.ARCHIVE,
        size=measured.size,
        sha256=measured.sha256,
        crc64=measured.crc64,
        state=FileState.OUTSIDE,
    )
    return DiskRecord(role=role, files=(record,))


def _check_room(run: Run) -> None:
    if not run.request.preflight:
        return
    manifest = run.image_set.manifest
    waiting = [disk for disk in manifest.disks if disk.guest is None]
    have = sum(each.size for disk in waiting for each in disk.files if run.present(each))
    findings = room_after(run.request, waiting, have_bytes=have) if waiting else ()
    _tell(run, findings)
    raise_refusal(findings)
