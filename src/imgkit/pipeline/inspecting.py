"""Looking into a machine's disks: which images, through which engine, and where the report goes."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from imgkit.disks.guard import identify
from imgkit.errors import ImgkitError, NotAccessible, SettingsError
from imgkit.evidence.image_set import read_manifest
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import write_bytes_durably
from imgkit.model.disk import DiskImage
from imgkit.model.engine import Engine
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Manifest, Outcome
from imgkit.model.report import Diagnostic, Report, RunInfo
from imgkit.model.role import DiskRole
from imgkit.model.subjects import EVERY_SUBJECT, Subject
from imgkit.model.volume_key import VolumeKey
from imgkit.pipeline.engines import EngineRequest, open_machine
from imgkit.pipeline.request import Run, recorded_step
from imgkit.pipeline.untouched import Watch, require_untouched
from imgkit.ports import Machine
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.render.report_differences import disagreements
from imgkit.render.report_json import report_bytes
from imgkit.services import Services
from imgkit.stages.inspect import inspect_disks
from imgkit.stages.objects import place_keys
from imgkit.tools.guestfs_appliance import Acceleration, ApplianceSettings
from imgkit.version import __version__

REPORT_PATH = PurePosixPath("report/inspect.json")
_NOT_COMPLETE = "the report is not complete (it says what is lacking and why)"
_ROLE_NAME = re.compile(r"system|x?vd[a-z]{1,2}")  # the stems of an image set's own files


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDisks:
    """The images of one machine's disks; `expected` are all that it has, empty where nobody knows."""

    images: tuple[DiskImage, ...]
    expected: tuple[DiskRole, ...] = ()


def inspect_set(run: Run) -> None:
    """Inspect the set that is being fetched, unless its report is there already.

    What keeps from looking is no reason to lose the images: it is recorded and told, and the fetch ends in part.
    """
    manifest = run.image_set.manifest
    images = tuple(image for disk in manifest.disks if (image := run.image(disk.role)))
    if any(run.present(each) for each in manifest.reports) and _looked_at(manifest, manifest.disks):
        run.shortfalls += _lacking_before(manifest)
        return
    chosen = ChosenDisks(images=images, expected=_expected(manifest))
    with recorded_step(run, "inspect") as draft:
        try:
            _require_any(images)
            report = inspect_machine(run.services, chosen, started=run.waiting.now(), progress=run.progress)
            require_untouched(report)
        except ImgkitError as error:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, error.message
            draft.finish()
            run.shortfalls.append(f"not inspected: {error.message}" + (f" ({error.hint})" if error.hint else ""))
            return
        draft.arguments = tuple(image.role.name for image in images if image.role is not None)
        draft.tools = tuple((tool.name, tool.version) for tool in report.run.tools)
        if not report.complete:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, "the report says what could not be determined"
            run.shortfalls.append(_NOT_COMPLETE)
        draft.finish(manifest=replace(manifest, reports=(_write_report(run, report),)))


def _looked_at(manifest: Manifest, disks: Sequence[DiskRecord]) -> bool:
    """Whether the report is about these disks; one that was missing then may be there now."""
    last = next((step for step in reversed(manifest.steps) if step.step == "inspect"), None)
    return last is not None and set(last.arguments) >= {disk.role.name for disk in disks}


def _lacking_before(manifest: Manifest) -> list[str]:
    """A report that lacked something when it was made lacks it still; that is said in every run."""
    last = next((step for step in reversed(manifest.steps) if step.step == "inspect"), None)
    return [_NOT_COMPLETE] if last is not None and last.outcome is Outcome.UNDETERMINED else []


def _require_any(images: Sequence[DiskImage]) -> None:
    if not images:
        raise NotAccessible("the set has no disk image any more", hint="Keep images, or inspect them before they go.")


def disks_of_set(folder: Path) -> ChosenDisks:
    """Return the images of a set's disks, raw ones first. Raises SettingsError, NotAccessible."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made, or disk images.")
    images = tuple(_image_of(folder, manifest, disk.role) for disk in manifest.disks)
    return ChosenDisks(images=images, expected=_expected(manifest))


def disks_of_images(paths: Sequence[Path], assigned: Mapping[DiskRole, str]) -> ChosenDisks:
    """Return disk images of one machine: by `--disk`, by their names, else the first as the system disk.

    Raises NotAccessible, SettingsError.
    """
    by_name = {str(path): path for path in (*paths, *(Path(name) for name in assigned.values()))}
    for path in by_name.values():
        if not path.is_file():
            raise NotAccessible(f"there is no file {path}", hint="Name disk images or one image set.")
    roles = _roles_of(list(by_name), assigned)
    images = tuple(
        DiskImage(path=by_name[name], format=identify(by_name[name]), role=role) for name, role in roles.items()
    )
    return ChosenDisks(images=images)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to look: through which engine, with which keys, at what; `digests` proves by SHA-256 that nothing changed."""

    engine: Engine | None = None
    keys: tuple[VolumeKey, ...] = ()
    subjects: AbstractSet[Subject] = EVERY_SUBJECT
    emulate: bool = False
    digests: bool = False
    include_secrets: bool = False


DEFAULT_LOOK = Look()


def inspect_machine(
    services: Services,
    chosen: ChosenDisks,
    *,
    started: datetime,
    look: Look = DEFAULT_LOOK,
    progress: Progress = NULL_PROGRESS,
) -> Report:
    """Open all disks together and report on them. Raises ToolMissing, CannotLookInside and their like.

    Whether the images changed meanwhile stands in the report; `require_untouched` makes an error of it.
    """
    watch = Watch(chosen.images, digests=look.digests, progress=progress)
    with open_machine(chosen.images, _engine_request(services, look)) as opened:
        run = RunInfo(
            started=started,
            imgkit=__version__,
            engine=opened.engine,
            engine_reason=opened.reason,
            subjects=tuple(sorted(look.subjects)),
            tools=opened.tools,
            include_secrets=look.include_secrets,
        )
        report = _inspect(opened.machine, chosen, run, look, progress)
        differing: tuple[Diagnostic, ...] = ()
        if opened.second is not None:
            differing = disagreements(report, _inspect(opened.second, chosen, run, look, progress))
    report = replace(report, diagnostics=(*report.diagnostics, *opened.lacking, *differing))
    return replace(report, run=replace(run, images=watch.states()))


def _inspect(machine: Machine, chosen: ChosenDisks, run: RunInfo, look: Look, progress: Progress) -> Report:
    with tempfile.TemporaryDirectory(prefix="imgkit-facts-") as scratch:
        return inspect_disks(
            machine,
            roles=[image.role for image in chosen.images if image.role is not None],
            expected_roles=chosen.expected,
            run=run,
            subjects=look.subjects,
            scratch=Path(scratch),
            progress=progress,
        )


def _engine_request(services: Services, look: Look) -> EngineRequest:
    settings = services.settings
    return EngineRequest(
        engine=look.engine or parse_engine(settings.engine),
        keys=look.keys,
        appliance=ApplianceSettings(
            interpreter=Path(settings.guestfs_python) if settings.guestfs_python else None,
            acceleration=Acceleration.EMULATION if look.emulate else Acceleration.AUTO,
            state_folder=services.folders.state,
        ),
    )


def parse_engine(word: str) -> Engine:
    """Read the setting. Raises SettingsError."""
    try:
        return Engine(word or Engine.AUTO)
    except ValueError as error:
        raise SettingsError(f"the engine {word!r} is none of {', '.join(Engine)}", hint="See IMGKIT_ENGINE.") from error


def _image_of(folder: Path, manifest: Manifest, role: DiskRole) -> DiskImage:
    disk = manifest.disk(role)
    assert disk is not None
    record = disk.file(FileKind.IMAGE, DiskFormat.RAW) or disk.file(FileKind.IMAGE)
    if record is None or record.format is None:
        raise NotAccessible(f"the set has no image of disk {role}", hint="Make one with the same imgkit fetch again.")
    return DiskImage(path=folder / record.path, format=record.format, role=role)


def _expected(manifest: Manifest) -> tuple[DiskRole, ...]:
    described = manifest.source.image.disks if manifest.source.image else ()
    return tuple(sorted(disk.role for disk in described))


def _roles_of(names: Sequence[str], assigned: Mapping[DiskRole, str]) -> dict[str, DiskRole]:
    """Names such as `system.raw` and `xvdb.qcow2` say it themselves."""
    placed = {name: role for role, name in assigned.items()}
    for name in names:
        if name not in placed:
            placed[name] = _role_by_name(name, set(placed.values()))
    return placed


def _role_by_name(name: str, taken: set[DiskRole]) -> DiskRole:
    stem = Path(name).name.split(".")[0]
    if _ROLE_NAME.fullmatch(stem):
        role = DiskRole.parse(stem)
    else:
        placed = place_keys([name], assigned={})
        role = placed.keys[0][0] if placed.keys else DiskRole()
    if role in taken:
        raise SettingsError(
            f"cannot tell which disk {name} is", hint="Say it with --disk xvdb=FILE for each of the data disks."
        )
    return role


def _write_report(run: Run, report: Report) -> FileRecord:
    target = run.folder / REPORT_PATH
    target.parent.mkdir(exist_ok=True)
    write_bytes_durably(target, report_bytes(report))
    measured = measure_file(target)
    return FileRecord(path=REPORT_PATH, kind=FileKind.REPORT, size=measured.size, sha256=measured.sha256)
