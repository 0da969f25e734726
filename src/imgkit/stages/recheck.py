"""Does a downloaded object still hold against the service, and if not, which parts of it differ? Nothing is fetched."""

import os
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import Differs, ObjectChanged
from imgkit.files.lock import exclusive_lock
from imgkit.model.checked import CheckedObject
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Outcome
from imgkit.ports import RangeSource
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.transfer.journal import PinnedFacts
from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.parts_file import PartsRecord, PartsVerdict, parts_path_of, read_parts_file, verify_file
from imgkit.transfer.places import Places
from imgkit.transfer.retry import REAL_TIME, RetryRule, Timing, describe_patiently
from imgkit.transfer.salvage import set_aside
from imgkit.transfer.settings import DEFAULT_SETTINGS

_SHOWN_PARTS = 5


def check_object(
    source: RangeSource,
    target: Path,
    *,
    progress: Progress = NULL_PROGRESS,
    rule: RetryRule = DEFAULT_SETTINGS.retry_rule,
    timing: Timing = REAL_TIME,
) -> CheckedObject:
    """Read the file and hold size and CRC-64 against what the service names now; a parts file says where it differs.

    Raises NotAccessible where the file cannot be read, and what the source raises.
    """
    return _look(describe_patiently(source, rule, timing), target, progress).checked


def set_aside_damaged(
    source: RangeSource,
    target: Path,
    *,
    workspace: Path,
    progress: Progress = NULL_PROGRESS,
    rule: RetryRule = DEFAULT_SETTINGS.retry_rule,
    timing: Timing = REAL_TIME,
) -> CheckedObject:
    """Check the file, and where it differs, make it an unfinished download that lacks only the parts that differ.

    A file that holds, is not here, or cannot be judged stays as it is. Raises ObjectChanged where the service has
    another object now, Differs where nobody knows which parts differ, AlreadyAtWork, NotAccessible, NoRoom.
    """
    places = Places(target=target, workspace=workspace)
    places.make_folders()
    with local_errors(places.lock, doing="lock"), exclusive_lock(places.lock, what=str(target)):
        found = _look(describe_patiently(source, rule, timing), target, progress)
        if found.checked.outcome is Outcome.FAILED:
            _require_mendable(found, source.label)
            assert found.verdict is not None
            set_aside(places, _facts(found.checked.info, found.verdict.record), found.verdict)
        return found.checked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """`verdict` is of the parts file, where there is a sound one of these bytes or of others."""

    checked: CheckedObject
    verdict: PartsVerdict | None = None


def _look(info: ObjectInfo, target: Path, progress: Progress) -> _Look:
    if not os.path.lexists(target):
        missing = CheckedObject(
            info=info, path=target, outcome=Outcome.UNDETERMINED, detail="it is not here", is_here=False
        )
        return _Look(checked=missing)
    record, notes = _known_parts(target)
    verdict = verify_file(target, record or _whole_as_one_part(info), progress=progress)
    if record is None:
        return _Look(checked=_judge(info, target, verdict, known=False, notes=notes))
    return _Look(checked=_judge(info, target, verdict, known=True, notes=notes), verdict=verdict)


def _known_parts(target: Path) -> tuple[PartsRecord | None, tuple[str, ...]]:
    path = parts_path_of(target)
    if not path.exists():
        return None, ()
    try:
        return read_parts_file(path), ()
    except Differs as damaged:
        return None, (damaged.message,)


def _whole_as_one_part(info: ObjectInfo) -> PartsRecord:
    """Without a parts file, the object is one part, of the CRC that the service names."""
    crc = info.crc64 or 0
    return PartsRecord(
        bucket=info.bucket,
        key=info.key,
        etag=info.etag,
        size=info.size,
        part_bytes=max(info.size, 1),
        parts=(crc,) if info.size else (),
        crc64=crc if info.size else 0,
        service_crc64=info.crc64,
        sha256="",
    )


def _judge(
    info: ObjectInfo, target: Path, verdict: PartsVerdict, *, known: bool, notes: tuple[str, ...]
) -> CheckedObject:
    outcome, detail = _outcome(info, verdict, known=known)
    is_of_this_object = known and _is_same_object(verdict.record, info)
    failed = outcome is Outcome.FAILED
    return CheckedObject(
        info=info,
        path=target,
        outcome=outcome,
        detail=detail + (_which(verdict) if failed and is_of_this_object else ""),
        was_replaced=failed and known and not is_of_this_object,
        size=verdict.found_size,
        crc64=verdict.found_crc64,
        differing=verdict.differing if failed and is_of_this_object else (),
        part_count=len(verdict.record.parts) if known else 0,
        notes=notes,
    )


def _outcome(info: ObjectInfo, verdict: PartsVerdict, *, known: bool) -> tuple[Outcome, str]:
    if known and verdict.holds and not _is_same_object(verdict.record, info):
        return Outcome.FAILED, "it is as it was downloaded, and the service has another object now"
    if verdict.found_size != info.size:
        return Outcome.FAILED, f"it has {verdict.found_size} bytes and not {info.size}"
    if info.crc64 is not None:
        holds = verdict.found_crc64 == info.crc64
        told = f"CRC-64 {verdict.found_crc64}"
        return (Outcome.HELD, told) if holds else (Outcome.FAILED, f"{told} where the service names {info.crc64}")
    if known and not verdict.holds:
        return Outcome.FAILED, "its bytes are not those that were downloaded"
    held = "; it is as it was downloaded" if known else ""
    return Outcome.UNDETERMINED, f"the service names no CRC-64 for it{held}"


def _is_same_object(record: PartsRecord, info: ObjectInfo) -> bool:
    """The same bytes: by their CRC-64, or by the ETag where the service names none."""
    if record.size != info.size:
        return False
    return record.etag == info.etag if info.crc64 is None else record.crc64 == info.crc64


def _which(verdict: PartsVerdict) -> str:
    if not verdict.differing:
        return ""
    shown = ", ".join(str(verdict.record.plan.part(number)) for number in verdict.differing[:_SHOWN_PARTS])
    more = ", …" if len(verdict.differing) > _SHOWN_PARTS else ""
    return f"; {len(verdict.differing)} of {len(verdict.record.parts)} parts differ ({shown}{more})"


def _require_mendable(found: _Look, label: str) -> None:
    path = found.checked.path
    if found.checked.was_replaced:
        raise ObjectChanged(
            f"{path} cannot be mended: {label} is another object now than the one that was downloaded",
            hint="Find out who replaced it. As it is now it can be downloaded into another folder with -o.",
        )
    if found.verdict is None:
        raise Differs(
            f"{path} differs ({found.checked.detail}), and without a sound {parts_path_of(path).name} nobody knows "
            "which parts of it",
            hint="Move it away and run the same command: it is downloaded whole.",
        )


def _facts(info: ObjectInfo, record: PartsRecord) -> PinnedFacts:
    return PinnedFacts(size=info.size, etag=info.etag, crc64=info.crc64, part_bytes=record.part_bytes, origin=info.url)
