"""What is on the disks of one machine: storage, systems, data disks, and what could not be determined."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from imgkit.errors import CannotLookInside, ImgkitError
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.fstab import read_fstab
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine, diagnostics_of
from imgkit.facts.room import Room
from imgkit.facts.storage import storage_diagnostics
from imgkit.facts.system import describe_system
from imgkit.facts.walking import walk_data
from imgkit.model.mounts import EntryState, FstabEntry
from imgkit.model.report import DataDisk, DataFileSystem, Diagnostic, DiagnosticLevel, Report, RunInfo, SystemReport
from imgkit.model.role import DiskRole
from imgkit.model.storage import FileSystem, Mount, MountState
from imgkit.model.subjects import EVERY_SUBJECT, Subject
from imgkit.model.tree import Entry
from imgkit.ports import FileTree, Machine
from imgkit.progress import NULL_PROGRESS, Bar, Progress
from imgkit.safe_text import safe_text

_SWAP = "swap"

T = TypeVar("T")


def inspect_disks(
    machine: Machine,
    *,
    roles: Sequence[DiskRole],
    expected_roles: Sequence[DiskRole],
    run: RunInfo,
    subjects: AbstractSet[Subject] = EVERY_SUBJECT,
    scratch: Path | None = None,
    progress: Progress = NULL_PROGRESS,
) -> Report:
    """Look into the disks `roles` of a machine that has the disks `expected_roles` (empty where nobody knows).

    Whatever cannot be determined is said in the report, and `Report.complete` is false. Raises an ImgkitError only
    where not even the storage can be read. `scratch` is a folder for copies of databases.
    """
    missing = tuple(sorted(set(expected_roles) - set(roles)))
    with progress.bar("Inspecting", total=100, unit="%") as bar:
        storage = machine.storage
        look = _Look(
            machine,
            DeviceNames(storage=storage, missing=missing),
            scratch,
            subjects,
            include_secrets=run.include_secrets,
        )
        systems = look.systems(_Steps(bar, start=20, end=80))
        data_disks = look.data_disks(_Steps(bar, start=80, end=100))
        bar.set_done(100)
    return Report(
        run=run,
        storage=storage,
        systems=systems,
        data_disks=data_disks,
        missing_disks=missing,
        diagnostics=(
            *_missing_diagnostics(missing),
            *storage_diagnostics(storage),
            *look.trouble,
            *(one for system in systems for one in _system_diagnostics(system, expected_roles, missing)),
            *_data_diagnostics(data_disks),
        ),
    )


class _Look:
    """One look at a machine; `trouble` is what the engine could not give."""

    def __init__(
        self,
        machine: Machine,
        names: DeviceNames,
        scratch: Path | None,
        subjects: AbstractSet[Subject],
        *,
        include_secrets: bool,
    ) -> None:
        self._machine = machine
        self._include_secrets = include_secrets
        self._subjects = subjects
        self._names = names
        self._scratch = scratch
        self._roots: Sequence[str] = ()
        self._room = Room()
        self.trouble: list[Diagnostic] = []

    def systems(self, steps: "_Steps") -> tuple[SystemReport, ...]:
        """Describe every operating system, in the order of their places."""
        none: Sequence[str] = ()
        self._roots = sorted(self._ask("systems", lambda: self._machine.os_places, none))
        return tuple(self._system(root) for root in steps.over(self._roots))

    def data_disks(self, steps: "_Steps") -> tuple[DataDisk, ...]:
        """Describe the disks that carry no system; one that holds nothing readable is there with nothing."""
        storage = self._names.storage
        busy = {role for one in storage.file_systems if one.place in self._roots for role in one.roles}
        chosen = [one for one in storage.file_systems if one.type != _SWAP and not busy.issuperset(one.roles)]
        found = [self._data_file_system(one) for one in steps.over(sorted(chosen, key=lambda one: one.place))]
        return tuple(
            DataDisk(role=role, file_systems=tuple(one for one in found if role in one.roles))
            for role in sorted(disk.role for disk in storage.disks)
            if role not in busy
        )

    def _system(self, root: str) -> SystemReport:
        """Read fstab from the root by itself; then everything from all the file systems that fstab puts together."""
        bare, names = self._guest(root), replace(self._names, root=root)
        fstab = determine(lambda: read_fstab(bare, names), self._room)
        alone: tuple[FileTree, Sequence[Mount]] = (bare.tree, ())
        whole, mounts = self._ask(
            f"systems/{root}/mounts", lambda: self._machine.system_tree(root, fstab.value or ()), alone
        )
        return describe_system(
            replace(bare, tree=whole), fstab=fstab, mounts=mounts, names=names, subjects=self._subjects
        )

    def _data_file_system(self, one: FileSystem) -> DataFileSystem:
        guest = self._guest(one.place)
        walked = walk_data(guest, self._subjects)
        return DataFileSystem(place=one.place, roles=one.roles, contents=walked.contents, files=walked.files)

    def _guest(self, place: str) -> Guest:
        try:
            tree = self._machine.file_system_tree(place)
        except ImgkitError as error:
            tree = _Unreadable(error.message)
        return Guest(
            tree=tree,
            label=place,
            scratch=self._scratch,
            include_secrets=self._include_secrets,
            room=self._room,
        )

    def _ask(self, subject: str, question: Callable[[], T], otherwise: T) -> T:
        """Ask the engine; what it cannot answer becomes a diagnostic, and the look goes on."""
        try:
            return question()
        except ImgkitError as error:
            self.trouble.append(_undetermined(subject, error.message))
            return otherwise


class _Unreadable:
    """The tree of a system that could not be opened: every fact of it is undetermined, for that one reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def stat(self, path: bytes) -> Entry:
        raise self._error(path)

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        raise self._error(path)

    def read_file(self, path: bytes, *, limit: int) -> bytes:  # noqa: ARG002  # the port has it
        raise self._error(path)

    def read_link(self, path: bytes) -> bytes:
        raise self._error(path)

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        raise self._error(path)

    def _error(self, path: bytes) -> CannotLookInside:
        return CannotLookInside(f"{safe_text(path)} could not be read: {self._reason}")


class _Steps:
    """A stretch of the bar, walked in equal steps."""

    def __init__(self, bar: Bar, *, start: int, end: int) -> None:
        self._bar, self._start, self._end = bar, start, end

    def over(self, things: Sequence[T]) -> Iterator[T]:
        for number, thing in enumerate(things):
            self._bar.set_done(self._start + (self._end - self._start) * number // len(things))
            yield thing


def _missing_diagnostics(missing: Sequence[DiskRole]) -> Iterator[Diagnostic]:
    for role in missing:
        yield _undetermined(f"disks/{role}", f"disk {role} of this machine is not in this set")


def _system_diagnostics(
    system: SystemReport, expected_roles: Sequence[DiskRole], missing: Sequence[DiskRole]
) -> Iterator[Diagnostic]:
    subject = f"systems/{system.root}"
    yield from diagnostics_of(system, subject)
    if system.mounts is None:
        return
    for entry in system.mounts.fstab.value or ():
        if entry.state is EntryState.UNRESOLVED:
            yield _unresolved(f"{subject}/mounts/fstab", entry, expected_roles, missing)
    for mount in system.mounts.mounted:
        if mount.state is MountState.FAILED:
            yield _undetermined(f"{subject}/mounts", f"{mount.spec} could not be opened: {mount.reason}")


def _unresolved(
    subject: str, entry: FstabEntry, expected_roles: Sequence[DiskRole], missing: Sequence[DiskRole]
) -> Diagnostic:
    """A line for a disk that should be here leaves the report lacking; one for a disk long gone is the guest's own."""
    lacking = entry.missing_role is not None and (entry.missing_role in missing or not expected_roles)
    level = DiagnosticLevel.UNDETERMINED if lacking else DiagnosticLevel.NOTE
    return Diagnostic(subject=subject, level=level, message=f"line {entry.line}, {entry.spec}: {entry.reason}")


def _data_diagnostics(data_disks: Sequence[DataDisk]) -> Iterator[Diagnostic]:
    """A file system over several disks is described once."""
    file_systems = {one.place: one for disk in data_disks for one in disk.file_systems}
    for place, one in sorted(file_systems.items()):
        yield from diagnostics_of(one, f"data_disks/{place}")


def _undetermined(subject: str, message: str) -> Diagnostic:
    return Diagnostic(subject=subject, level=DiagnosticLevel.UNDETERMINED, message=message)
