"""The small protocols between the rooms: what a step needs of the cloud, of a disk, of a growing file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.model.disk import Extent
from imgkit.model.image import CustomImage, ImageQuery
from imgkit.model.mounts import FstabEntry
from imgkit.model.storage import Mount, Storage
from imgkit.model.task import ExportRequest, ExportTask, SentExport
from imgkit.model.tree import Entry


class RangeFailed(Exception):
    """A range could not be had just now, and asking again is sensible.

    `throttled` says that the service asked for less; `retry_after_seconds` is its own wish, where it gave one.
    """

    def __init__(self, reason: str, *, throttled: bool = False, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.throttled = throttled
        self.retry_after_seconds = retry_after_seconds


class AnswerInDoubt(Exception):
    """A request that must not be sent twice was sent, and no answer came: the work may or may not have begun."""


class RangeBody(Protocol):
    """The body of one answered range."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer` and return how much, 0 at the end. Raises RangeFailed when the connection breaks."""
        ...


class RangeSource(Protocol):
    """One object that can be read by ranges. It retries nothing by itself, and may be used from several threads."""

    @property
    def label(self) -> str:
        """A name for messages and logs, without secrets."""
        ...

    def describe(self) -> ObjectInfo:
        """Ask for size, ETag and CRC. Raises RangeFailed where asking again is sensible, else an ImgkitError."""
        ...

    def open_range(self, start: int, length: int, *, etag: str) -> AbstractContextManager[RangeBody]:
        """Ask for exactly these bytes of exactly this version of the object.

        Only an answer 206 with this range and this ETag is given on. Raises ObjectChanged, UrlExpired, AccessDenied
        and their like where asking again is pointless, RangeFailed otherwise.
        """
        ...


class ObjectStore(Protocol):
    """One bucket."""

    @property
    def bucket(self) -> str: ...

    def bucket_info(self) -> BucketInfo:
        """Raises NoSuchBucketOrObject, AccessDenied, CloudError."""
        ...

    def describe(self, key: str) -> ObjectInfo:
        """Raises NoSuchBucketOrObject, AccessDenied, CloudError."""
        ...

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield all objects whose keys begin with `prefix`, in the order of their keys; without CRC."""
        ...

    def source(self, key: str) -> RangeSource: ...

    def restore(self, key: str, *, days: int) -> None:
        """Ask for a restore of a frozen object; asking while one runs is no error."""
        ...

    def delete(self, key: str) -> None: ...


class ImageCloud(Protocol):
    """ECS in one region. Calls that only read are retried; `export` and `cancel` are sent once."""

    @property
    def region_id(self) -> str: ...

    def image(self, image_id: str) -> CustomImage:
        """Raises NoSuchImageOrTask, AccessDenied, CloudError."""
        ...

    def images(self, query: ImageQuery) -> Iterator[CustomImage]:
        """Yield the account's own images, whatever their status."""
        ...

    def dry_run_export(self, request: ExportRequest) -> None:
        """Return when the service would begin the export; raise what `export` would raise."""
        ...

    def export(self, request: ExportRequest) -> SentExport:
        """Start an export.

        Raises AnswerInDoubt when no answer came, ExportRunning when the service says that one runs already, else the
        ImgkitError of the service's code.
        """
        ...

    def task(self, task_id: str) -> ExportTask:
        """Raises NoSuchImageOrTask, CloudError."""
        ...

    def export_tasks(self, *, image_id: str = "", since: datetime | None = None) -> Iterator[ExportTask]:
        """Yield the region's export tasks, newest first, all pages; without objects, progress and failures."""
        ...

    def cancel(self, task_id: str) -> None: ...


class ExportRunning(Exception):
    """The service answered ImageIsExporting: an export of this image runs already."""


class GuestView(Protocol):
    """The bytes a virtual machine would read from a disk image, whatever its format."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises ValueError beyond the end, Differs or ToolFailed where they cannot be."""
        ...

    def extents(self) -> Iterator[Extent]:
        """Yield runs of data and of zeroes in order, from 0 to `size` without gaps."""
        ...

    def close(self) -> None: ...


class Frontier(Protocol):
    """A file that grows, whose finished prefix others may follow. The prefix never steps back."""

    @property
    def path(self) -> Path: ...

    @property
    def total(self) -> int: ...

    def wait_beyond(self, offset: int) -> int:
        """Block until more than `offset` bytes are finished, or all are; return how many.

        Raises the error with which the writer gave up.
        """
        ...


class FileTree(Protocol):
    """The files inside one disk or a machine's disks, read-only. Paths are bytes, absolute, and stay inside.

    Links are followed inside the tree only. A path that is not there raises NoSuchPathInside; what could not be read
    raises CannotLookInside: the two are never confused.
    """

    def stat(self, path: bytes) -> Entry:
        """Describe what is there, a link itself and not its target."""
        ...

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        """Return the entries of a folder, sorted by name, without `.` and `..`."""
        ...

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        """Return a regular file's first `limit` bytes at most, following links inside the tree."""
        ...

    def read_link(self, path: bytes) -> bytes: ...

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        """Return the extended attributes with their full names (`security.capability`), of a link itself."""
        ...


class Machine(Protocol):
    """The opened disks of one machine, through whichever engine reads them. Places are those of `Storage`."""

    @property
    def storage(self) -> Storage:
        """What storage there is. Raises an ImgkitError where not even that can be said."""
        ...

    @property
    def os_places(self) -> Sequence[str]:
        """The places of the file systems that hold an operating system."""
        ...

    def file_system_tree(self, place: str) -> FileTree:
        """Return the files of one file system by itself. Raises CannotLookInside."""
        ...

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple[FileTree, Sequence[Mount]]:
        """Return the files of the system on `root` with all that `entries` of its fstab mount, and what became of each.

        Raises CannotLookInside.
        """
        ...
