"""What `imgkit fetch` was asked for, and the run that carries it out."""

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from imgkit.errors import ImgkitError, LocalError
from imgkit.evidence.image_set import ImageSet
from imgkit.files.sparse import local_error
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import (
    DiskRecord,
    FileKind,
    FileRecord,
    FileState,
    Manifest,
    Outcome,
    Source,
    StepRecord,
)
from imgkit.model.profiles import Profile
from imgkit.model.role import DiskRole
from imgkit.model.targets import Target
from imgkit.model.unpacked import TarEngine
from imgkit.ports import RangeSource
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.services import Services
from imgkit.stages.export import Waiting
from imgkit.transfer.budget import Budget
from imgkit.transfer.settings import TransferSettings
from imgkit.version import __version__


class Keep(StrEnum):
    """What stays when the road is done."""

    OBJECTS = "objects"
    RAW = "raw"
    IMAGES = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """`urls` and `archives` are by disk; `image_format` is what ECS is asked for, where the region offers it."""

    source: Source
    folder: Path
    formats: tuple[DiskFormat, ...] = (DiskFormat.RAW,)
    profiles: tuple[Profile, ...] = ()
    keep: frozenset[Keep] = frozenset({Keep.OBJECTS, Keep.IMAGES})
    assigned: Mapping[DiskRole, str] = field(default_factory=dict)
    urls: Mapping[DiskRole, str] = field(default_factory=dict)
    archives: Mapping[DiskRole, Path] = field(default_factory=dict)
    image_format: DiskFormat | None = None
    preflight: bool = True
    reuse: bool = False
    restore: bool = False
    inspect: bool = True
    verify: bool = True
    tar_engine: TarEngine = TarEngine.AUTO
    transfer: TransferSettings = field(default_factory=TransferSettings)

    @property
    def targets(self) -> tuple[Target, ...]:
        """All images that are wanted of a disk."""
        plain = tuple(Target(format=each) for each in self.formats)
        return plain + tuple(Target(format=each.format, profile=each) for each in self.profiles)

    @property
    def keeps_raw(self) -> bool:
        return DiskFormat.RAW in self.formats or Keep.RAW in self.keep

    def keeps_image(self, wanted: DiskFormat | None) -> bool:
        """Whether an image of this format, that was asked for, stays at the end."""
        return Keep.IMAGES in self.keep or (wanted is DiskFormat.RAW and Keep.RAW in self.keep)


@dataclass(slots=True, kw_only=True)
class Run:
    """One fetch at work: the set it writes, what it may use, and what it has to tell."""

    image_set: ImageSet
    request: FetchRequest
    services: Services
    waiting: Waiting
    say: Callable[[str], None]
    progress: Progress = NULL_PROGRESS
    arrivals: Progress | None = None
    """Where downloads draw their bars while several run at once."""
    budget: Budget | None = None
    """What all downloads of this run share."""
    shortfalls: list[str] = field(default_factory=list)
    proven: set[Path] = field(default_factory=set)
    """Archives of which this run itself has seen every byte; the others are read once more before they are used."""

    @property
    def folder(self) -> Path:
        return self.image_set.folder

    def disk(self, role: DiskRole) -> DiskRecord:
        """Return the disk as the manifest has it now."""
        found = self.image_set.manifest.disk(role)
        assert found is not None, f"{role} is not in the manifest"
        return found

    def path(self, record: FileRecord) -> Path:
        """Return where a file lies; records of files outside the set have absolute paths."""
        return self.folder / record.path

    def present(self, record: FileRecord | None) -> FileRecord | None:
        """Return the record if its file is there with its size; what is in it is the matter of `imgkit check`."""
        if record is None or record.state is FileState.DISCARDED:
            return None
        try:
            return record if self.path(record).stat().st_size == record.size else None
        except OSError:
            return None

    def image(self, role: DiskRole) -> DiskImage | None:
        """Return a recorded disk image that is there: raw first, one that was made for a hypervisor last."""
        records = [each for each in self.disk(role).files if each.kind is FileKind.IMAGE and self.present(each)]
        for record in sorted(records, key=lambda each: (bool(each.profile), each.format is not DiskFormat.RAW)):
            if record.format is not None:
                return DiskImage(path=self.path(record), format=record.format, role=role)
        return None

    def base_image(self, role: DiskRole) -> DiskImage | None:
        """Return an image to make others from: never one for a hypervisor, which may be filled up with zeroes."""
        is_plain = any(
            each.kind is FileKind.IMAGE and not each.profile and self.present(each) for each in self.disk(role).files
        )
        return self.image(role) if is_plain else None

    def has_made(self, role: DiskRole, wanted: Target) -> bool:
        """Whether this image of a disk is there, or was made, proven and discarded as the user wished."""
        made = [each for each in self.disk(role).files if is_image_for(each, wanted)]
        discarded = any(each.state is FileState.DISCARDED for each in made)
        is_here = any(self.present(each) for each in made)
        return is_here or (discarded and not self.request.keeps_image(wanted.format))

    def source(self, role: DiskRole) -> RangeSource:
        """Return the remote side of a disk."""
        if role in self.request.urls:
            return self.services.presigned(self.request.urls[role])
        remote = self.disk(role).object
        assert remote is not None, f"{role} has no object"
        return self.services.store(remote.bucket).source(remote.key)


def is_image_for(record: FileRecord, wanted: Target) -> bool:
    """Say whether a file of a set is the disk image that was asked for."""
    same = record.format is wanted.format and record.profile == wanted.profile_name
    return record.kind is FileKind.IMAGE and same


@contextmanager
def recorded_step(run: Run, name: str, role: DiskRole | None = None) -> Iterator["StepDraft"]:
    """Time a step; the caller fills in the draft and gives it to `finish`. A failure is recorded before it goes on."""
    draft = StepDraft(run=run, step=name, role=role.name if role else "", started=run.waiting.now())
    try:
        with _local_errors(run):
            yield draft
    except ImgkitError as error:
        draft.outcome, draft.reason = Outcome.FAILED, error.message
        with suppress(LocalError):  # where the record cannot be written either, the first error says more
            run.image_set.record_step(draft.record())
        raise


@contextmanager
def _local_errors(run: Run) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = Path(error.filename) if isinstance(error.filename, str) else run.folder
        raise local_error(error, where) from error


def with_machine(tools: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the programs of a step with what it ran on: imgkit itself, its Python, and the system."""
    ours = (("imgkit", __version__), ("python", platform.python_version()), ("system", platform.platform()))
    return (*(each for each in ours if each[0] not in dict(tools)), *tools)


@dataclass(slots=True, kw_only=True)
class StepDraft:
    """A step while it runs."""

    run: Run
    step: str
    role: str
    started: datetime
    outcome: Outcome = Outcome.HELD
    reason: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> StepRecord:
        """Return the step as ended now."""
        return StepRecord(
            step=self.step,
            role=self.role,
            started=self.started,
            ended=self.run.waiting.now(),
            outcome=self.outcome,
            reason=self.reason,
            tools=with_machine(self.tools),
            arguments=self.arguments,
            notes=self.notes,
        )

    def finish(self, *disks: DiskRecord, manifest: Manifest | None = None) -> None:
        """Write the step into the record, with the disks as they are after it."""
        for note in self.notes:
            self.run.say(f"{self.role or 'set'}: {note}")
        self.run.image_set.record_step(self.record(), *disks, manifest=manifest)
