"""Disk images: their structure, and the guest view of each held against the chunk digests taken at first."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgkit.digests import ChunkDigests, read_chunk_digests
from imgkit.disks.chunks import pad_with_zeroes, take_chunk_digests
from imgkit.disks.comparing import compare
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.nodes import build_node, private_folder
from imgkit.errors import Differs, ToolFailed
from imgkit.model.checking import LinkOutcome
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Manifest
from imgkit.progress import Progress
from imgkit.stages.verify.links import FLAT, GUEST_VIEW, ROOT, STRUCTURE, Job, looked
from imgkit.stages.verify.plain_files import Known, plain_job
from imgkit.tools.qemu_img import CheckOutcome, check


def image_jobs(
    folder: Path, manifest: Manifest, disk: DiskRecord, record: FileRecord, known: Known, *, deep: bool
) -> Iterator[Job]:
    """Return the work on one disk image. Of a raw one the chunk digests are all there is to hold, unless `deep`."""
    about = _Image(folder=folder, manifest=manifest, disk=disk, record=record)
    role = str(disk.role)
    if record.format is not DiskFormat.RAW:
        if record.crc64 is None:  # else it is an object, and was read as such
            yield plain_job(folder, record, disk=role, known=known)
        yield Job(look=about.check_structure, disk=role)
    elif deep and record.size:
        yield Job(look=about.check_flat, work_bytes=record.size, serial=True, disk=role)
    yield Job(look=about.check_guest, work_bytes=record.virtual_size or record.size, disk=role)


def known_chunks(folder: Path, disk: DiskRecord) -> ChunkDigests | None:
    """Return the chunk digests of a disk, if their file is there and is the one that the manifest means."""
    record = disk.file(FileKind.CHUNKS)
    if record is None:
        return None
    try:
        chunks = read_chunk_digests(folder / record.path)
    except (OSError, ValueError):
        return None  # the file's own links say why
    return chunks if disk.guest is not None and chunks.root == disk.guest.root else None


def root_job(folder: Path, disk: DiskRecord, record: FileRecord) -> Job:
    """Return the work that holds the file of chunk digests against the manifest's root over them."""

    def look(_progress: Progress) -> Iterator[LinkOutcome]:
        yield looked(record.path.as_posix(), ROOT, lambda: _root_differs(folder / record.path, disk))

    return Job(look=look, disk=str(disk.role))


def _root_differs(path: Path, disk: DiskRecord) -> str:
    try:
        chunks = read_chunk_digests(path)
    except ValueError as error:
        return str(error)
    return "" if disk.guest is not None and chunks.root == disk.guest.root else "it is not the manifest's"


def structure_differs(image: DiskImage) -> str:
    """Return what qemu-img finds broken in an image's own tables."""
    header = read_header(image.path, stated=image.format)
    with private_folder() as folder:
        found = check(build_node(header, folder))
    if found.outcome in {CheckOutcome.CLEAN, CheckOutcome.LEAKS, CheckOutcome.NOT_CHECKABLE}:
        return ""
    if found.outcome is CheckOutcome.CORRUPT:
        return f"{found.corruptions} corruptions"
    raise ToolFailed(f"qemu-img could not check it: {found.reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    folder: Path
    manifest: Manifest
    disk: DiskRecord
    record: FileRecord

    @property
    def image(self) -> DiskImage:
        assert self.record.format is not None
        return DiskImage(path=self.folder / self.record.path, format=self.record.format, role=self.disk.role)

    @property
    def subject(self) -> str:
        return self.record.path.as_posix()

    def check_structure(self, _progress: Progress) -> Iterator[LinkOutcome]:
        yield looked(self.subject, STRUCTURE, lambda: structure_differs(self.image))

    def check_flat(self, progress: Progress) -> Iterator[LinkOutcome]:
        """Take the SHA-256 that `sha256sum` would print; zeroes are hashed, and holes are not read for it."""
        path = self.image.path

        def differs() -> str:
            found = file_sha256(path, progress=progress, title=f"hashing all of {path.name}")
            return "" if found == self.record.sha256 else "it differs"

        yield looked(self.subject, FLAT, differs)

    def check_guest(self, progress: Progress) -> Iterator[LinkOutcome]:
        yield looked(self.subject, GUEST_VIEW, lambda: self._guest_differs(progress))

    def _guest_differs(self, progress: Progress) -> str:
        if self.disk.guest is None:
            raise Differs(f"the manifest has no digests of disk {self.disk.role}")
        known = known_chunks(self.folder, self.disk)
        with open_guest_view(self.image) as view:
            found = take_chunk_digests(view, progress=progress, title=f"checking {self.image.path.name}")
            if found.root == self.disk.guest.root:
                return ""
            if known is None:
                return "" if found.root == self.record.guest_root else "its bytes differ" + self._whose(found)
            if not self._is_padded(found) or self.record.guest_root == self.disk.guest.root:
                return compare(known, found).describe() + self._whose(found)
            # Formats that hold whole sectors, and hypervisors that want whole MiB, have zeroes behind the disk.
            expected = pad_with_zeroes(known, view, found.size)
        return "" if expected.root == found.root else compare(expected, found).describe() + self._whose(found)

    def _is_padded(self, found: ChunkDigests) -> bool:
        assert self.disk.guest is not None
        return found.size == self.record.virtual_size and found.size > self.disk.guest.size

    def _whose(self, found: ChunkDigests) -> str:
        """Say whose disk it is, where it is another one's of this set."""
        for other in self.manifest.disks:
            if other.guest is not None and other.guest.root == found.root and other.role != self.disk.role:
                return f": it is disk {other.role}"
        return ""
