"""The manifest of an image set: where every disk came from, what was done to it, and what it amounts to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Self

from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.formats import DiskFormat
from imgkit.model.image import CustomImage
from imgkit.model.role import DiskRole
from imgkit.model.unpacked import ArchiveKind

MANIFEST_SCHEMA = "imgkit/manifest/1"


class SourceKind(StrEnum):
    """Where a set began: an image of ECS, objects of a bucket, a presigned URL, or archives on this machine."""

    IMAGE = "image"
    OBJECTS = "objects"
    URL = "url"
    ARCHIVES = "archives"


class Outcome(StrEnum):
    """How a step or a check ended. *Undetermined* is never *held*, and never *failed*."""

    HELD = "held"
    FAILED = "failed"
    UNDETERMINED = "undetermined"


class FileKind(StrEnum):
    """What a file of a set is for."""

    ARCHIVE = "archive"
    PARTS = "parts"
    IMAGE = "image"
    CHUNKS = "chunks"
    REPORT = "report"


class FileState(StrEnum):
    """`DISCARDED` files were proven and then removed; `OUTSIDE` ones never lay in the set."""

    KEPT = "kept"
    DISCARDED = "discarded"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """The export task as it ended; `failures` are what failed in it although it finished."""

    task_id: str
    request_id: str = ""
    export_request_id: str = ""
    created: datetime | None = None
    finished: datetime | None = None
    status_word: str = ""
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRecord:
    """Whose credentials were used, as STS names them (GetCallerIdentity); else `undetermined` says why not."""

    account_id: str = ""
    user_id: str = ""
    arn: str = ""
    identity_type: str = ""
    request_id: str = ""
    undetermined: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRecord:
    """This machine's clock before and after a question to the service, and the service's own as its answer has it."""

    before: datetime
    service: datetime
    after: datetime

    @property
    def off_by_seconds(self) -> int:
        """How far this machine's clock certainly is ahead of the service's, negative where behind.

        The service tells whole seconds, so less than one is none.
        """
        if self.before > self.service + timedelta(seconds=1):
            return round((self.before - self.service).total_seconds())
        return min(0, round((self.after - self.service).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the set came from. `locations` are object, file or host names; never a signed URL."""

    kind: SourceKind
    region_id: str = ""
    image_id: str = ""
    bucket: str = ""
    prefix: str = ""
    locations: tuple[str, ...] = ()
    image: CustomImage | None = None
    task: TaskRecord | None = None
    caller: CallerRecord | None = None
    clock: ClockRecord | None = None

    def is_same_as(self, other: "Source") -> bool:
        """Whether both name the same thing; a prefix or a region that one of them leaves open fits any."""
        if self.kind is not other.kind:
            return False
        if self.kind is SourceKind.IMAGE:
            return self.image_id == other.image_id and all(
                not mine or not theirs or mine == theirs
                for mine, theirs in (
                    (self.region_id, other.region_id),
                    (self.bucket, other.bucket),
                    (self.prefix, other.prefix),
                )
            )
        return set(self.locations) == set(other.locations)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRecord:
    """A disk's guest view: its size, the root of its chunk digests, and the SHA-256 over all of it."""

    size: int
    root: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a set. `path` is relative to the set's folder; `guest_root` was read back from this very file.

    `profile` is the hypervisor or cloud that a disk image was made for, empty for a plain one. `md5` and `sha1` are
    there where somebody asked for them.
    """

    path: PurePosixPath
    kind: FileKind
    size: int
    sha256: str
    state: FileState = FileState.KEPT
    crc64: int | None = None
    format: DiskFormat | None = None
    virtual_size: int | None = None
    guest_root: str = ""
    profile: str = ""
    md5: str = ""
    sha1: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackRecord:
    """What held inside the archive when the disk was taken out of it.

    `gzip_held` says that every CRC-32 and length of its gzip members fit; `gzip_trailer` are the last of them as they
    stand at the archive's end, in hexadecimal. `member_bytes` is the size that the tar names for the disk's file,
    `image` the name of the file that came out.
    """

    image: PurePosixPath
    archive_kind: ArchiveKind
    gzip_held: bool
    gzip_trailer: str
    member_bytes: int
    data_bytes: int
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRecord:
    """One disk of a set, as far as the road has gone. `device` is ECS' own word, `/dev/xvdb`."""

    role: DiskRole
    device: str = ""
    expected_bytes: int | None = None
    object: ObjectInfo | None = None
    member: str = ""
    unpacked: UnpackRecord | None = None
    guest: GuestRecord | None = None
    files: tuple[FileRecord, ...] = ()

    def file(self, kind: FileKind, format: DiskFormat | None = None) -> FileRecord | None:  # noqa: A002  # its name
        """Return the disk's file of this kind (and format) that is still there."""
        for record in self.files:
            if record.kind is kind and record.state is not FileState.DISCARDED and format in {None, record.format}:
                return record
        return None

    def with_file(self, record: FileRecord) -> Self:
        """Return the disk with this file added, or put in place of the one with its path."""
        others = tuple(each for each in self.files if each.path != record.path)
        return replace(self, files=(*others, record))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One thing done, with what, when, and how it ended. `role` is empty for steps on the whole set."""

    step: str
    started: datetime
    ended: datetime
    outcome: Outcome
    role: str = ""
    reason: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyHead:
    """How long custody.jsonl was, and the digest of its last line, when the manifest was written."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`imgkit.json`. `removed` are the objects that `imgkit clean` deleted from the bucket.

    `findings` are sentences about what does not fit together in what the cloud said.
    """

    created: datetime
    imgkit_version: str
    source: Source
    disks: tuple[DiskRecord, ...] = ()
    missing: tuple[DiskRole, ...] = ()
    reports: tuple[FileRecord, ...] = ()
    removed: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    custody: CustodyHead | None = None
    schema: str = MANIFEST_SCHEMA

    def disk(self, role: DiskRole) -> DiskRecord | None:
        return next((disk for disk in self.disks if disk.role == role), None)

    def with_disk(self, record: DiskRecord) -> Self:
        """Return the manifest with this disk added, or put in place of the one with its role."""
        others = tuple(disk for disk in self.disks if disk.role != record.role)
        return replace(self, disks=tuple(sorted((*others, record), key=lambda disk: disk.role)))

    def files(self) -> tuple[FileRecord, ...]:
        """All files that lie in the set."""
        everything = (*(each for disk in self.disks for each in disk.files), *self.reports)
        return tuple(each for each in everything if each.state is FileState.KEPT)
