"""Older digests beside SHA-256, for those whose procedures still ask for them: each file is read once for all of them.

MD5 and SHA-1 prove nothing against somebody who wants to deceive; the same reading holds the SHA-256 that does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.image_set import ImageSet
from imgkit.evidence.measuring import measure_file
from imgkit.model.manifest import FileRecord, Manifest, Outcome, StepRecord
from imgkit.progress import NULL_PROGRESS, Progress


class OlderDigest(StrEnum):
    """What can be taken in addition."""

    MD5 = "md5"
    SHA1 = "sha1"


def add_digests(
    image_set: ImageSet, wanted: Sequence[OlderDigest], *, progress: Progress = NULL_PROGRESS
) -> tuple[FileRecord, ...]:
    """Take these digests of every file in a set, record them, and return the files.

    Raises Differs where a file is not the one in the record: then nothing is recorded; NotAccessible.
    """
    started = image_set.now()
    manifest = image_set.manifest
    taken = {each.path: _measured(image_set.folder, each, wanted, progress) for each in manifest.files()}
    step = StepRecord(
        step="hash",
        started=started,
        ended=image_set.now(),
        outcome=Outcome.HELD,
        arguments=tuple(each.value for each in wanted),
    )
    image_set.record_step(step, manifest=_with_files(manifest, taken))
    return tuple(taken.values())


def _measured(folder: Path, record: FileRecord, wanted: Sequence[OlderDigest], progress: Progress) -> FileRecord:
    path = folder / record.path
    try:
        measured = measure_file(path, also=[each.value for each in wanted], progress=progress)
    except FileNotFoundError as error:
        raise _differs(path, "it is missing") from error
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror}", hint="Check its rights and its disk.") from error
    if (measured.size, measured.sha256) != (record.size, record.sha256):
        raise _differs(path, "its size or its SHA-256 is another one")
    also = measured.also
    return replace(record, md5=also.get("md5", record.md5), sha1=also.get("sha1", record.sha1))


def _with_files(manifest: Manifest, taken: Mapping[PurePosixPath, FileRecord]) -> Manifest:
    disks = tuple(
        replace(disk, files=tuple(taken.get(each.path, each) for each in disk.files)) for disk in manifest.disks
    )
    return replace(manifest, disks=disks, reports=tuple(taken.get(each.path, each) for each in manifest.reports))


def _differs(path: Path, why: str) -> Differs:
    return Differs(f"{path} is not as it is in the record: {why}", hint="See all that differs with: imgkit check")
