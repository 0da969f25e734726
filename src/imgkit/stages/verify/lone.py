"""One file by itself: an archive or a disk image, with the record beside it or without; or a file of a set."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from imgkit.archives.kinds import what_is
from imgkit.archives.reading import read_archive
from imgkit.disks.chunks import take_chunk_digests
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.guard import identify
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs, ImgkitError, NotAccessible, SettingsError
from imgkit.evidence.image_set import CUSTODY_NAME, MANIFEST_NAME, read_manifest
from imgkit.evidence.lone import read_lone_record
from imgkit.files.whole import real_path
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Outcome
from imgkit.model.role import DiskRole
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.verify.archives import archive_jobs
from imgkit.stages.verify.at_once import run_jobs
from imgkit.stages.verify.images import structure_differs
from imgkit.stages.verify.links import (
    ARCHIVE_INSIDE,
    AS_RECORDED,
    FLAT,
    GUEST_VIEW,
    STRUCTURE,
    Job,
    looked,
    unknown,
)
from imgkit.stages.verify.plain_files import Known, plain_job
from imgkit.stages.verify.whole_set import jobs_of_file
from imgkit.transfer.parts_file import PartsRecord, parts_path_of, read_parts_file

NO_RECORD = "it has no record beside it, so nothing is known of its bytes"
_SHOWN_NOTES = 3


def check_file(path: Path, *, deep: bool = False, progress: Progress = NULL_PROGRESS) -> CheckResult:
    """Check a lone archive or disk image against the record beside it, and its own structure.

    A file that a set's manifest knows is held against that. Raises NotAccessible when there is no such file, Differs
    when its record cannot be read, SettingsError for a part of a set's record.
    """
    if not path.is_file():
        raise NotAccessible(f"there is no file {path}", hint="Name an image set's folder, or a file.")
    _refuse_record(path)
    jobs = _jobs_in_set(path, deep=deep) or list(_lone_jobs(path, deep=deep))
    return CheckResult(links=tuple(run_jobs(jobs, title=f"checking {path.name}", progress=progress)))


def _refuse_record(path: Path) -> None:
    """Manifest, custody and signatures hold each other: by itself none of them can be looked at."""
    is_record = path.name in {MANIFEST_NAME, CUSTODY_NAME} or path.name.startswith(f"{MANIFEST_NAME}.")
    if is_record and (path.parent / MANIFEST_NAME).exists():
        raise SettingsError(
            f"{path} is part of a set's record, which is checked with the set",
            hint=f"Name the set's folder: imgkit check {path.parent}",
        )


def _jobs_in_set(path: Path, *, deep: bool) -> list[Job]:
    """Return the work on a file that a set's manifest knows; none where it lies in no set."""
    place = real_path(path.parent) / path.name
    for folder in place.parents[:2]:
        manifest = read_manifest(folder)
        if manifest is None:
            continue
        name = PurePosixPath(place.relative_to(folder))
        known = Known(manifest.files())
        for disk in manifest.disks:
            for record in disk.files:
                if record.path == name and record.state is not FileState.DISCARDED:
                    return list(jobs_of_file(folder, manifest, disk, record, known, deep=deep))
        return [plain_job(folder, each, known=known) for each in manifest.reports if each.path == name]
    return []


def _lone_jobs(path: Path, *, deep: bool) -> Iterator[Job]:
    lone = _record_beside(path)
    parts = _parts_beside(path)
    if lone is not None:
        yield from _recorded_jobs(path, lone, parts, deep=deep)
    elif parts is not None:
        yield from _object_jobs(path, _object_record(path, parts), parts)
    else:
        yield _told(unknown(path.name, AS_RECORDED, NO_RECORD))
    if what_is(path).unpackable and not (lone is not None and lone.container):
        if deep or (lone is None and parts is None):
            yield Job(look=lambda progress: [_inside(path, progress)], work_bytes=path.stat().st_size, serial=True)
    elif lone is None or lone.file.kind is FileKind.IMAGE:
        yield from _image_jobs(path, lone)


def _record_beside(path: Path) -> LoneRecord | None:
    try:
        return read_lone_record(path)
    except ValueError as error:
        raise Differs(f"the record beside {path} cannot be read: {error}") from error


def _parts_beside(path: Path) -> PartsRecord | None:
    beside = parts_path_of(path)
    return read_parts_file(beside) if beside.is_file() else None


def _told(link: LinkOutcome) -> Job:
    return Job(look=lambda _progress: (link,))


def _recorded_jobs(path: Path, lone: LoneRecord, parts: PartsRecord | None, *, deep: bool) -> Iterator[Job]:
    record = replace(lone.file, path=PurePosixPath(path.name))
    if record.kind is FileKind.ARCHIVE and not lone.container:
        yield from _object_jobs(path, record, parts)
    elif not _is_held_by_chunks(record):
        yield plain_job(path.parent, record)
    elif deep:
        yield Job(
            look=lambda progress: [looked(path.name, FLAT, lambda: _flat_differs(path, record, progress))],
            work_bytes=record.size,
            serial=True,
        )
    if lone.step.outcome is Outcome.UNDETERMINED:
        detail = "; ".join(lone.step.notes[-_SHOWN_NOTES:])
        yield _told(unknown(path.name, f"held when it was made ({lone.step.step})", detail))


def _is_held_by_chunks(record: FileRecord) -> bool:
    return record.format is DiskFormat.RAW and bool(record.guest_root) and record.kind is FileKind.IMAGE


def _flat_differs(path: Path, record: FileRecord, progress: Progress) -> str:
    return "" if file_sha256(path, progress=progress) == record.sha256 else "it differs"


def _object_jobs(path: Path, record: FileRecord, parts: PartsRecord | None) -> Iterator[Job]:
    """A downloaded object has no manifest: its parts file says what the service named."""
    info = None
    if parts is not None:
        info = ObjectInfo(
            bucket=parts.bucket, key=parts.key, size=parts.size, etag=parts.etag, crc64=parts.service_crc64
        )
    disk = DiskRecord(role=DiskRole(), object=info, files=(record,))
    for job in archive_jobs(path.parent, disk, record, Known(), deep=False):
        yield replace(job, disk="")


def _object_record(path: Path, parts: PartsRecord) -> FileRecord:
    return FileRecord(
        path=PurePosixPath(path.name), kind=FileKind.ARCHIVE, size=parts.size, sha256=parts.sha256, crc64=parts.crc64
    )


def _inside(path: Path, progress: Progress) -> LinkOutcome:
    def differs() -> str:
        read_archive(path, progress=progress, title=f"unpacking {path.name} in memory")
        return ""

    return looked(path.name, ARCHIVE_INSIDE, differs)


def _image_jobs(path: Path, lone: LoneRecord | None) -> Iterator[Job]:
    stated = lone.file.format if lone else None
    if stated is None:
        try:
            stated = identify(path)
        except ImgkitError as error:
            yield _told(unknown(path.name, "disk image", error.message))
            return
    image = DiskImage(path=path, format=stated)
    if stated is not DiskFormat.RAW:
        yield Job(look=lambda _progress: [looked(path.name, STRUCTURE, lambda: structure_differs(image))])
    if lone is not None and lone.file.guest_root:
        record = lone.file
        yield Job(
            look=lambda progress: [looked(path.name, GUEST_VIEW, lambda: _guest_differs(image, record, progress))],
            work_bytes=record.virtual_size or record.size,
        )


def _guest_differs(image: DiskImage, record: FileRecord, progress: Progress) -> str:
    with open_guest_view(image) as view:
        if record.virtual_size not in {None, view.size}:
            return f"it is a disk of {view.size} bytes and not {record.virtual_size}"
        found = take_chunk_digests(view, progress=progress, title=f"checking {image.path.name}")
    return "" if found.root == record.guest_root else "its bytes differ"
