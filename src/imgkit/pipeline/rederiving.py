"""What was made from a disk is made again: from the archive, or from another image of the same disk that holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from imgkit.archives.reading import read_archive
from imgkit.digests import ChunkDigests, read_chunk_digests, write_chunk_digests
from imgkit.disks.chunks import take_chunk_digests
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import partial_path, publish
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord
from imgkit.model.profiles import PROFILES
from imgkit.model.unpacked import UnpackedDisk
from imgkit.pipeline.arriving import is_said_to_be_raw
from imgkit.pipeline.bringing import record_of_image
from imgkit.pipeline.request import Run
from imgkit.stages.convert import convert_image
from imgkit.stages.unpack import unpack_archive


@dataclass(slots=True, kw_only=True)
class Sound:
    """The files of a disk that hold, by their paths in the set; what was put right is added."""

    paths: set[str]

    def holds(self, record: FileRecord) -> bool:
        return record.path.as_posix() in self.paths


def make_chunks_again(run: Run, disk: DiskRecord, record: FileRecord, sound: Sound) -> FileRecord:
    """Return the record of the chunk digests, written anew; the manifest's root over them proves that they are it."""
    chunks = _chunks_of(run, disk, sound)
    with partial_path(run.path(record), overwrite=True) as partial:
        write_chunk_digests(partial, chunks)
    measured = measure_file(run.path(record))
    return replace(record, size=measured.size, sha256=measured.sha256)


def _chunks_of(run: Run, disk: DiskRecord, sound: Sound) -> ChunkDigests:
    assert disk.guest is not None
    archive = _sound_archive(disk, sound)
    if _sound_image(run, disk, sound) is None and archive is not None and is_said_to_be_raw(disk):
        chunks = read_archive(run.path(archive), progress=run.progress).chunks
    else:
        with _base(run, disk, sound) as base, open_guest_view(base) as view:
            chunks = take_chunk_digests(view, progress=run.progress, title=f"reading {base.path.name}")
    if chunks.root != disk.guest.root:
        raise Differs(f"what is left of disk {disk.role} is not the disk whose digests the manifest has")
    return chunks


def make_image_again(run: Run, disk: DiskRecord, record: FileRecord, sound: Sound) -> FileRecord:
    """Return the record of a disk image that was made anew, and put in place when it was proven.

    What comes out of an archive is byte for byte what it was; what is converted may not be, but holds the same disk.
    """
    archive = _sound_archive(disk, sound)
    if archive is not None and _came_out_of_it(disk, record):
        return _unpack_in_place(run, disk, record, archive)
    with _base(run, disk, sound) as base:
        return _convert_in_place(run, disk, record, base, sound)


def _came_out_of_it(disk: DiskRecord, record: FileRecord) -> bool:
    if disk.unpacked is not None:
        return disk.unpacked.image == record.path
    return record.format is DiskFormat.RAW and not record.profile and is_said_to_be_raw(disk)


def _unpack_in_place(run: Run, disk: DiskRecord, record: FileRecord, archive: FileRecord) -> FileRecord:
    unpacked = _unpack(run, disk, archive)
    if unpacked.sha256 != record.sha256:
        unpacked.path.unlink(missing_ok=True)
        raise Differs(f"{archive.path} does not hold the disk that {record.path} was")
    publish(unpacked.path, run.path(record), overwrite=True)
    return record


def _unpack(run: Run, disk: DiskRecord, archive: FileRecord) -> UnpackedDisk:
    return unpack_archive(
        run.path(archive),
        run.image_set.workspace / f"{disk.role}.repair",
        engine=run.request.tar_engine,
        said_format=DiskFormat.RAW if is_said_to_be_raw(disk) else None,
        overwrite=True,
        progress=run.progress,
    )


@contextmanager
def _base(run: Run, disk: DiskRecord, sound: Sound) -> Iterator[DiskImage]:
    """Give an image that holds, or the disk out of the archive for as long as it is needed."""
    image, archive = _sound_image(run, disk, sound), _sound_archive(disk, sound)
    if image is not None:
        yield image
        return
    if archive is None:
        raise _nothing_left(disk)
    unpacked = _unpack(run, disk, archive)
    try:
        yield DiskImage(path=unpacked.path, format=unpacked.format, role=disk.role)
    finally:
        unpacked.path.unlink(missing_ok=True)


def _convert_in_place(run: Run, disk: DiskRecord, record: FileRecord, base: DiskImage, sound: Sound) -> FileRecord:
    assert record.format is not None
    assert disk.guest is not None
    profile = PROFILES.get(record.profile)
    converted = convert_image(
        base,
        run.path(record),
        to=record.format,
        profile=profile,
        source_chunks=_first_chunks(run, disk, sound),
        overwrite=True,
        progress=run.progress,
    )
    return record_of_image(converted, record.format, record.profile)


def _first_chunks(run: Run, disk: DiskRecord, sound: Sound) -> ChunkDigests:
    """Return the chunk digests taken at first: what is made now must be that disk, and not only the base's."""
    record = disk.file(FileKind.CHUNKS)
    if record is None or not sound.holds(record):
        return _chunks_of(run, disk, sound)
    return read_chunk_digests(run.path(record))


def _sound_image(run: Run, disk: DiskRecord, sound: Sound) -> DiskImage | None:
    """Return an image of exactly this disk that holds, raw first."""
    assert disk.guest is not None
    fitting = [
        each
        for each in disk.files
        if each.kind is FileKind.IMAGE and each.guest_root == disk.guest.root and sound.holds(each)
    ]
    for record in sorted(fitting, key=lambda each: each.format is not DiskFormat.RAW):
        if record.format is not None:
            return DiskImage(path=run.path(record), format=record.format, role=disk.role)
    return None


def _sound_archive(disk: DiskRecord, sound: Sound) -> FileRecord | None:
    archive = disk.file(FileKind.ARCHIVE)
    return archive if archive is not None and sound.holds(archive) else None


def _nothing_left(disk: DiskRecord) -> Differs:
    return Differs(
        f"neither the archive nor any image of disk {disk.role} holds, so there is nothing to make it from",
        hint="Where the object is still in the bucket, see why it could not be fetched. Else restore from a copy.",
    )
