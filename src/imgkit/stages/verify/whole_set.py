"""Does an image set still hold: every digest and CRC, every disk image's structure, the record and its custody.

Each link has an outcome of its own, and what could not be looked at is never called held. A raw image is held by its
chunk digests (of which holes cost nothing); the manifest has the flat SHA-256 of the very same bytes.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from imgkit.errors import SettingsError
from imgkit.evidence.image_set import MANIFEST_NAME, read_manifest, require_unchanged_record
from imgkit.files.whole import read_evidence
from imgkit.model.checking import CheckResult
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Manifest
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.verify.archives import archive_jobs
from imgkit.stages.verify.at_once import run_jobs
from imgkit.stages.verify.images import image_jobs, root_job
from imgkit.stages.verify.links import THERE, Job, failed
from imgkit.stages.verify.plain_files import Known, plain_job
from imgkit.stages.verify.records import check_record, custody_notes, strangers


def check_set(folder: Path, *, deep: bool = False, progress: Progress = NULL_PROGRESS) -> CheckResult:
    """Walk the whole chain of a set, offline; nothing in the set is written.

    With `deep`, archives are also unpacked again in memory, and raw disks hashed flat. Raises Differs when the manifest
    itself is damaged, NotAccessible, SettingsError when this is no image set, and AlreadyAtWork where something did not
    hold and another run had changed the record meanwhile: of a set in motion nothing can be said.
    """
    before = read_evidence(folder / MANIFEST_NAME) if (folder / MANIFEST_NAME).is_file() else b""
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made, or a file.")
    links = list(check_record(folder, manifest))
    jobs = list(_jobs(folder, manifest, deep=deep))
    links += run_jobs(jobs, title=f"checking {folder.name}", progress=progress)
    notes = (*manifest.findings, *custody_notes(folder), *strangers(folder, manifest))
    result = CheckResult(links=tuple(links), notes=notes)
    if not result.held:
        require_unchanged_record(folder, before, doing="checked")
    return result


def _jobs(folder: Path, manifest: Manifest, *, deep: bool) -> Iterator[Job]:
    known = Known(manifest.files())
    for disk in manifest.disks:
        for record in disk.files:
            if record.state is not FileState.DISCARDED:
                yield from jobs_of_file(folder, manifest, disk, record, known, deep=deep)
    for report in manifest.reports:
        yield plain_job(folder, report, known=known)


def jobs_of_file(
    folder: Path, manifest: Manifest, disk: DiskRecord, record: FileRecord, known: Known, *, deep: bool
) -> Iterator[Job]:
    if not os.path.lexists(folder / record.path):
        yield _missing_job(disk, record)
        return
    if _is_something_else(folder / record.path):
        yield _missing_job(disk, record, "in its place is a folder, a pipe or a device")
        return
    if record.kind is FileKind.ARCHIVE or (record.kind is FileKind.IMAGE and record.crc64 is not None):
        yield from archive_jobs(folder, disk, record, known, deep=deep)
    if record.kind is FileKind.IMAGE:
        yield from image_jobs(folder, manifest, disk, record, known, deep=deep)
    elif record.kind is not FileKind.ARCHIVE:
        yield plain_job(folder, record, disk=str(disk.role), known=known)
    if record.kind is FileKind.CHUNKS:
        yield root_job(folder, disk, record)


def _is_something_else(path: Path) -> bool:
    """Whether nobody needs to read it to say that it is not the file that was made."""
    return path.exists() and not path.is_file()


def _missing_job(disk: DiskRecord, record: FileRecord, detail: str = "it is missing") -> Job:
    missing = failed(record.path.as_posix(), THERE, detail)
    return Job(look=lambda _progress: (missing,), disk=str(disk.role))
