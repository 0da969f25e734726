"""Download: one object, whole, proven against the service's CRC-64, and only then under its final name."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from imgkit.errors import Differs, ObjectChanged, TargetExists
from imgkit.files.lock import exclusive_lock
from imgkit.files.whole import publish, refuse_existing, sync_file
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.download import DownloadedObject
from imgkit.ports import RangeSource
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.transfer.budget import Budget
from imgkit.transfer.followers import Follower, Following
from imgkit.transfer.frontier import GrowingFile
from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.parts_file import PartsRecord, read_parts_file, verify_parts, write_parts_file
from imgkit.transfer.places import Places
from imgkit.transfer.proof import ProvenFetch, ProvenObject
from imgkit.transfer.resume import pin_object
from imgkit.transfer.retry import REAL_TIME, Timing, describe_patiently
from imgkit.transfer.settings import DEFAULT_SETTINGS, TransferSettings

NO_CRC_NOTE = "the service names no CRC-64 for this object: its size and ETag held, but its bytes could not be proven"


def download_object(
    source: RangeSource,
    target: Path,
    *,
    workspace: Path,
    settings: TransferSettings = DEFAULT_SETTINGS,
    progress: Progress = NULL_PROGRESS,
    followers: Sequence[Follower] = (),
    verify: bool = False,
    timing: Timing = REAL_TIME,
    budget: Budget | None = None,
) -> DownloadedObject:
    """Fetch an object to `target`, going on where an earlier run was; `workspace` holds what is unfinished.

    Each of `followers` is called in a thread of its own with the growing file, and ends before this returns; the last
    byte is offered only when the whole is proven. A follower's own error is raised when the object is under its final
    name. Where bytes already offered had to be fetched again, followers are called once more, from the start.

    Downloads that share a `budget` share the line, and end together when it is cancelled.

    A target that is there and fits its parts file is done; `verify` reads it back as well. Raises TargetExists when it
    has no parts file, ObjectChanged, AlreadyAtWork, RetriesExhausted, Differs, NoRoom, NotAccessible, and what the
    source raises for good.
    """
    places = Places(target=target, workspace=workspace)
    places.make_folders()
    with ExitStack() as held:
        with local_errors(places.lock, doing="lock"):
            held.enter_context(exclusive_lock(places.lock, what=str(target)))
        info = describe_patiently(source, settings.retry_rule, timing)
        if os.path.lexists(target):
            _hold_against(info, places, label=source.label, verify=verify, progress=progress)
            return _already_there(info, places, followers, progress)
        fetch = ProvenFetch(
            source=source,
            info=pin_object(info, places, label=source.label),
            places=places,
            settings=settings,
            progress=progress,
            followers=followers,
            timing=timing,
            budget=budget,
        )
        return _publish(fetch.run(), fetch.info, places)


def _publish(proven: ProvenObject, info: ObjectInfo, places: Places) -> DownloadedObject:
    """Write the parts file first and rename last: a file under its final name has its proof beside it at any moment."""
    refuse_existing(places.target)
    record = PartsRecord(
        bucket=info.bucket,
        key=info.key,
        etag=info.etag,
        size=info.size,
        part_bytes=proven.part_bytes,
        parts=proven.part_crcs,
        crc64=proven.crc64,
        service_crc64=info.crc64,
        sha256=proven.sha256,
    )
    with local_errors(places.target, doing="write"):
        sync_file(places.partial)
        write_parts_file(places.parts, record)
        publish(places.partial, places.target)
    places.forget_unfinished()
    proven.following.raise_first()
    return _downloaded(info, places, record, fetched=proven.fetched_bytes, reused=proven.reused_bytes)


def _hold_against(info: ObjectInfo, places: Places, *, label: str, verify: bool, progress: Progress) -> None:
    """Hold a finished target against the object as it is now, and against its parts file."""
    record = _record_of(places)
    if not _is_same_object(record, info):
        raise ObjectChanged(
            f"{places.target} is whole, but of an object with ETag {record.etag}; {label} now has ETag {info.etag}",
            hint="Choose another folder with -o to fetch the object as it is now.",
        )
    with local_errors(places.target, doing="look at"):
        size = places.target.stat().st_size
    if size != record.size or (verify and not verify_parts(places.target, places.parts, progress=progress).holds):
        raise Differs(
            f"{places.target} is no longer what was downloaded: its bytes do not fit {places.parts.name}",
            hint=f"imgkit check says what differs. To download it again, move it and {places.parts.name} away.",
        )


def _already_there(
    info: ObjectInfo, places: Places, followers: Sequence[Follower], progress: Progress
) -> DownloadedObject:
    """Sweep up behind a run that was killed after the rename, and let followers read what is whole already."""
    places.forget_unfinished()
    record = _record_of(places)
    with progress.bar(places.target.name, total=record.size) as bar:
        bar.set_done(record.size)
    _let_follow(places.target, record.size, followers)
    return _downloaded(info, places, record, fetched=0, reused=record.size)


def _record_of(places: Places) -> PartsRecord:
    if not places.parts.exists():
        raise TargetExists(
            f"{places.target} exists already, and without {places.parts.name} nobody knows whether it is whole",
            hint="Choose another folder with -o, or move that file away.",
        )
    return read_parts_file(places.parts)


def _is_same_object(record: PartsRecord, info: ObjectInfo) -> bool:
    return (record.size, record.etag) == (info.size, info.etag) and info.crc64 in {None, record.crc64}


def _let_follow(path: Path, size: int, followers: Sequence[Follower]) -> None:
    """Let followers read a file that is whole already."""
    whole = GrowingFile(path, size)
    whole.offer(size)
    following = Following(followers, whole)
    try:
        following.join()
    except BaseException as error:
        whole.fail(error)
        raise
    following.raise_first()


def _downloaded(
    info: ObjectInfo, places: Places, record: PartsRecord, *, fetched: int, reused: int
) -> DownloadedObject:
    is_proven = record.service_crc64 is not None or info.crc64 is not None  # both are record.crc64 where they are
    return DownloadedObject(
        info=info,
        path=places.target,
        parts_path=places.parts,
        size=record.size,
        crc64=record.crc64,
        crc_proven=is_proven,
        sha256=record.sha256,
        fetched_bytes=fetched,
        reused_bytes=reused,
        notes=() if is_proven else (NO_CRC_NOTE,),
    )
