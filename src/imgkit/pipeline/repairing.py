"""`imgkit check --repair`: what is damaged is fetched or made again, and put in place only when it is proven.

The manifest says what everything was; so where the record itself does not hold, nothing is repaired on its word. What
holds is never touched, and what could not be looked at is no proof of damage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imgkit.errors import Differs, ImgkitError, SettingsError
from imgkit.evidence.image_set import SUMS_NAME, open_image_set, read_manifest
from imgkit.evidence.sums import ALL_SUMS, sums_of
from imgkit.files.whole import read_evidence
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Manifest, Outcome
from imgkit.model.role import DiskRole
from imgkit.pipeline.rederiving import Sound, make_chunks_again, make_image_again
from imgkit.pipeline.refetching import refetch_object, write_parts_again
from imgkit.pipeline.request import FetchRequest, Run, recorded_step
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.services import Services
from imgkit.stages.export import Waiting
from imgkit.stages.verify import BYTES_OF_A_FILE, CUSTODY_CHAIN, PARTS_CRC, PARTS_FILE, check_record, check_set
from imgkit.transfer.budget import Budget
from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.settings import DEFAULT_SETTINGS, TransferSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """What was found, what was put right, what could not be and why, and what a check says after all that."""

    before: CheckResult
    after: CheckResult
    repaired: tuple[str, ...] = ()
    unrepaired: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class _Repairs:
    repaired: list[str] = field(default_factory=list)
    unrepaired: list[tuple[str, str]] = field(default_factory=list)


def repair_set(
    services: Services,
    folder: Path,
    waiting: Waiting,
    *,
    custodian: Custodian,
    say: Callable[[str], None],
    transfer: TransferSettings = DEFAULT_SETTINGS,
    deep: bool = False,
    progress: Progress = NULL_PROGRESS,
) -> RepairResult:
    """Check a set and mend what does not hold. Killed at any moment, the same command goes on.

    Raises SettingsError where it is no set, Differs where its record does not hold, NotAccessible, NoRoom where nothing
    can be written, AlreadyAtWork.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made.")
    _require_sound_record(folder, manifest)
    repairs = _Repairs(repaired=[SUMS_NAME] if _sums_differ(folder, manifest) else [])
    with open_image_set(folder, manifest.source, custodian=custodian, now=waiting.now) as image_set:
        before = check_set(folder, deep=deep, progress=progress)
        request = FetchRequest(source=manifest.source, folder=folder, transfer=transfer)
        run = Run(
            image_set=image_set,
            request=request,
            services=services,
            waiting=waiting,
            say=say,
            progress=progress,
            budget=Budget(transfer),
        )
        for disk in image_set.manifest.disks:
            _repair_disk(run, disk.role, before, repairs)
        _leave_reports(image_set.manifest, before, repairs)
        after = check_set(folder, deep=deep, progress=progress) if repairs.repaired else before
    return RepairResult(
        before=before, after=after, repaired=tuple(repairs.repaired), unrepaired=tuple(repairs.unrepaired)
    )


def _require_sound_record(folder: Path, manifest: Manifest) -> None:
    """Sums are written anew from the manifest; the manifest and its custody have nothing to be made from."""
    for link in check_record(folder, manifest):
        is_record = link.subject not in ALL_SUMS and not link.disk
        is_unread = link.outcome is Outcome.UNDETERMINED and link.link == CUSTODY_CHAIN
        if is_record and (link.outcome is Outcome.FAILED or is_unread):
            found = f"{link.subject}: {link.link}: {link.detail}"
            raise Differs(
                f"{folder} is not repaired, because its record does not hold: {found}",
                hint="Nothing was changed. Restore imgkit.json and custody.jsonl from a copy first.",
            )


def _sums_differ(folder: Path, manifest: Manifest) -> bool:
    try:
        return read_evidence(folder / SUMS_NAME) != sums_of(manifest.files())
    except OSError:
        return True


def _repair_disk(run: Run, role: DiskRole, before: CheckResult, repairs: _Repairs) -> None:
    """Go along the chain: the object first, then what is derived from it, each from what holds by then."""
    sound = Sound(paths=held_paths(before, run.disk(role)))
    for record in _in_order(run.disk(role)):
        broken = _broken(before, record)
        if not broken:
            continue
        subject = record.path.as_posix()
        try:
            with recorded_step(run, "repair", role) as draft:
                draft.arguments = (subject,)
                draft.notes = tuple(f"{subject}: {link.link}: {link.detail}" for link in broken)
                fresh = _again(run, run.disk(role), record, sound)
                draft.notes = (*draft.notes, f"{subject}: put right")
                disk = run.disk(role)
                for each in fresh:
                    disk = disk.with_file(each)
                draft.finish(disk)
        except ImgkitError as error:
            repairs.unrepaired.append((subject, error.message + (f" ({error.hint})" if error.hint else "")))
        else:
            repairs.repaired.append(subject)
            sound.paths.add(subject)


def _again(run: Run, disk: DiskRecord, record: FileRecord, sound: Sound) -> Sequence[FileRecord]:
    if record.state is FileState.OUTSIDE:
        raise Differs(f"{record.path} lies outside the set", hint="Put it back, or take another copy of it.")
    _make_place(run.path(record))
    if record.kind is FileKind.PARTS:
        return (write_parts_again(run, disk, record, sound),)
    if record.kind is FileKind.CHUNKS:
        return (make_chunks_again(run, disk, record, sound),)
    if record.path.parts[0] == "objects":
        return refetch_object(run, disk, record)
    return (make_image_again(run, disk, record, sound),)


def _make_place(path: Path) -> None:
    """A folder of the set may be gone with what was in it; one in a file's place is somebody's, and is not removed."""
    if path.is_dir():
        raise Differs(f"{path} is a folder", hint="Move it away, and run the same command again.")
    with local_errors(path.parent, doing="make the folder"):
        path.parent.mkdir(exist_ok=True)


def _in_order(disk: DiskRecord) -> list[FileRecord]:
    """Objects, their parts files, chunk digests, raw, plain images, and last those that are made for somebody."""
    kinds = [FileKind.ARCHIVE, FileKind.PARTS, FileKind.CHUNKS, FileKind.IMAGE]

    def place(record: FileRecord) -> tuple[int, bool, bool]:
        is_object = record.kind is FileKind.IMAGE and record.path.parts[0] == "objects"
        rank = 0 if is_object else kinds.index(record.kind)
        return rank, bool(record.profile), record.guest_root != (disk.guest.root if disk.guest else "")

    return sorted((each for each in disk.files if each.state is not FileState.DISCARDED), key=place)


def _broken(before: CheckResult, record: FileRecord) -> list[LinkOutcome]:
    """Return the links that say that this very file is not what it was."""
    subject = record.path.as_posix()
    failed = before.of(Outcome.FAILED)
    own = [link for link in failed if link.subject == subject and link.link in BYTES_OF_A_FILE]
    if record.kind is FileKind.PARTS:
        own += [link for link in failed if link.subject == subject and link.link == PARTS_FILE]
        of_parts = [link for link in failed if link.subject + ".parts.json" == subject]
        if [link.link for link in of_parts] == [PARTS_CRC]:  # the object's bytes hold, so it is the parts file
            own += of_parts
    return own


def held_paths(result: CheckResult, disk: DiskRecord) -> set[str]:
    """Return the files of a disk of which every link held."""
    bad = {link.subject for link in result.links if link.outcome is not Outcome.HELD and link.link in BYTES_OF_A_FILE}
    seen = {link.subject for link in result.links if link.link in BYTES_OF_A_FILE}
    return {each.path.as_posix() for each in disk.files} & (seen - bad)


def _leave_reports(manifest: Manifest, before: CheckResult, repairs: _Repairs) -> None:
    failed = {link.subject for link in before.of(Outcome.FAILED)}
    for each in manifest.reports:
        if each.path.as_posix() in failed:
            why = "a report is made by looking: move it away, and the same imgkit fetch as before looks again"
            repairs.unrepaired.append((each.path.as_posix(), why))
