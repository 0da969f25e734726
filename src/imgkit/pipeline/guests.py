"""A disk's bytes for the first time, from its archive or a bare image, and the digests all else is held against."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from imgkit.archives.kinds import what_is
from imgkit.archives.reading import gzip_trailer
from imgkit.digests import ChunkDigests, write_chunk_digests
from imgkit.disks.chunks import take_guest_digests
from imgkit.disks.guard import identify
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import partial_path, publish
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, GuestRecord, UnpackRecord
from imgkit.model.role import DiskRole
from imgkit.model.unpacked import ArchiveKind, UnpackedDisk
from imgkit.pipeline.arriving import FollowingUnpack, is_said_to_be_raw
from imgkit.pipeline.claiming import claim_name, release_name
from imgkit.pipeline.request import Run, StepDraft, recorded_step
from imgkit.units import describe_bytes


def take_guest(run: Run, role: DiskRole, archive: Path | None, following: FollowingUnpack) -> None:
    """Get hold of the disk's bytes, unless unpacking did so while they came; record them with their digests."""
    if archive is None:
        raise NotAccessible(
            f"the archive of disk {role} is no longer where it was, and nothing else in the set has its bytes",
            hint="Put it back, or begin a new set.",
        )
    if following.started is not None or what_is(archive).unpackable:
        _unpack(run, role, archive, following)
    else:
        _adopt_bare(run, role, archive)


def _unpack(run: Run, role: DiskRole, archive: Path, following: FollowingUnpack) -> None:
    with recorded_step(run, "unpack", role) as draft:
        draft.started = following.started or draft.started
        if following.error is not None:
            raise following.error
        if following.unpacked is None:
            _prove_archive(run, role, archive)
        unpacked = following.unpacked or following.unpack(archive)
        _record_unpacked(run, run.disk(role), archive, unpacked, draft)


def _prove_archive(run: Run, role: DiskRole, archive: Path) -> None:
    """An archive that lay here since another run is read once more before anything is made of it."""
    record = next(each for each in run.disk(role).files if run.path(each) == archive)
    if archive in run.proven:
        return
    measured = measure_file(archive, progress=run.progress, title=f"reading {archive.name}")
    if measured.sha256 != record.sha256:
        raise Differs(
            f"{archive} is not the file whose digests the manifest has",
            hint="Put back the one that was fetched. If it still lies in the bucket: move this one and its .parts.json "
            "away, and the same command fetches it again.",
        )
    run.proven.add(archive)


def _record_unpacked(run: Run, disk: DiskRecord, archive: Path, unpacked: UnpackedDisk, draft: StepDraft) -> None:
    target = run.folder / f"{disk.role}{unpacked.format.suffix}"
    image = DiskImage(path=unpacked.path, format=unpacked.format, role=disk.role)
    is_raw = unpacked.format is DiskFormat.RAW
    chunks, sha256 = (unpacked.chunks, unpacked.sha256) if is_raw else _digests_of(run, image)
    _require_same_guest(disk, chunks)
    claim_name(run, target)
    publish(unpacked.path, target, overwrite=True)  # a file of that name is of an interrupted run, for it was claimed
    record = FileRecord(
        path=PurePosixPath(target.name),
        kind=FileKind.IMAGE,
        size=unpacked.size,
        sha256=unpacked.sha256,
        format=unpacked.format,
        virtual_size=chunks.size,
        guest_root=chunks.root,
    )
    draft.notes = (*unpacked.notes, *_size_note(disk, chunks.size))
    draft.arguments = (f"--tar={run.request.tar_engine.value}", archive.name)
    draft.tools = ((f"tar ({unpacked.engine.value})", unpacked.tool_version),)
    inside = UnpackRecord(
        image=PurePosixPath(target.name),
        archive_kind=unpacked.archive_kind,
        gzip_held=unpacked.gzip_crc32_held,
        gzip_trailer=gzip_trailer(archive).hex() if unpacked.archive_kind is ArchiveKind.GZIP else "",
        member_bytes=unpacked.size,
        data_bytes=unpacked.data_bytes,
        companions=unpacked.companions,
    )
    changed = replace(disk, member=unpacked.member_name, unpacked=inside).with_file(record)
    draft.finish(_with_guest(run, changed, chunks, sha256))
    release_name(run, target)


def _require_same_guest(disk: DiskRecord, chunks: ChunkDigests) -> None:
    """What was once written down about a disk is never replaced by something else."""
    if disk.guest is not None and disk.guest.root != chunks.root:
        raise Differs(
            f"disk {disk.role} as unpacked now is not the disk whose digests the manifest has",
            hint="Nothing was replaced. See what no longer holds with: imgkit check",
        )


def _adopt_bare(run: Run, role: DiskRole, path: Path) -> None:
    """The object is no archive but the disk image itself."""
    with recorded_step(run, "read", role) as draft:
        disk = run.disk(role)
        _prove_archive(run, role, path)
        stated = DiskFormat.RAW if is_said_to_be_raw(disk) else identify(path)
        draft.arguments = (f"--format={stated.value}", path.name)
        chunks, sha256 = _digests_of(run, DiskImage(path=path, format=stated, role=role))
        _require_same_guest(disk, chunks)
        archive = disk.file(FileKind.ARCHIVE)
        assert archive is not None
        record = replace(archive, kind=FileKind.IMAGE, format=stated, virtual_size=chunks.size, guest_root=chunks.root)
        draft.notes = tuple(_size_note(disk, chunks.size))
        draft.finish(_with_guest(run, disk.with_file(record), chunks, sha256))


def _size_note(disk: DiskRecord, size: int) -> Iterator[str]:
    if disk.expected_bytes not in {None, size}:
        yield f"ECS says {describe_bytes(disk.expected_bytes or 0)}, the disk has {size} bytes"


def _digests_of(run: Run, image: DiskImage) -> tuple[ChunkDigests, str]:
    with open_guest_view(image) as view:
        taken = take_guest_digests(view, progress=run.progress)
    return taken.chunks, taken.sha256


def _with_guest(run: Run, disk: DiskRecord, chunks: ChunkDigests, sha256: str) -> DiskRecord:
    """Write the chunk digests beside the disk, and return it with its guest view's digests."""
    target = run.folder / "digests" / f"{disk.role}.chunks"
    target.parent.mkdir(exist_ok=True)
    with partial_path(target, overwrite=True) as partial:
        write_chunk_digests(partial, chunks)
    measured = measure_file(target)
    record = FileRecord(
        path=PurePosixPath("digests") / target.name,
        kind=FileKind.CHUNKS,
        size=measured.size,
        sha256=measured.sha256,
        guest_root=chunks.root,
    )
    return replace(disk, guest=GuestRecord(size=chunks.size, root=chunks.root, sha256=sha256)).with_file(record)
