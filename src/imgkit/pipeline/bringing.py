"""One disk, from its object to its images: download, unpack, convert, each proven, recorded and never done twice."""

from pathlib import PurePosixPath

from imgkit.digests import ChunkDigests, read_chunk_digests
from imgkit.errors import Differs
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, Outcome
from imgkit.model.role import DiskRole
from imgkit.model.targets import Target
from imgkit.pipeline.arriving import FollowingUnpack, archive_of
from imgkit.pipeline.claiming import claim_name, release_name, release_recorded
from imgkit.pipeline.discarding import discard
from imgkit.pipeline.guests import take_guest
from imgkit.pipeline.request import Keep, Run, is_image_for, recorded_step
from imgkit.stages.convert import convert_image


def bring_disk(run: Run, role: DiskRole) -> None:
    """Take one disk as far as it was asked for; what is there and recorded is not made again."""
    take_in(run, role)
    for wanted in run.request.targets:
        if not run.has_made(role, wanted):
            _make_image(run, role, wanted)
    discard(run, role, [each for each in run.disk(role).files if _is_leftover(run, each)])


def take_in(run: Run, role: DiskRole) -> None:
    """Let the disk's archive come, unpacked meanwhile, unless it was before. May run for several disks at once."""
    release_recorded(run, role)
    if run.disk(role).guest is None:
        following = FollowingUnpack(run, role)
        take_guest(run, role, archive_of(run, role, following), following)
    elif Keep.OBJECTS in run.request.keep:
        archive_of(run, role)


def _make_image(run: Run, role: DiskRole, wanted: Target) -> None:
    base = run.base_image(role)
    if base is None:
        following = FollowingUnpack(run, role)
        take_guest(run, role, archive_of(run, role, following), following)
        base = run.base_image(role)
        assert base is not None
        if run.has_made(role, wanted):
            return
    _convert(run, role, base, wanted)


def _convert(run: Run, role: DiskRole, base: DiskImage, wanted: Target) -> None:
    with recorded_step(run, "convert", role) as draft:
        disk = run.disk(role)
        target = run.folder / f"{role}{wanted.suffix}"
        claim_name(run, target)
        converted = convert_image(
            base,
            target,
            to=wanted.format,
            profile=wanted.profile,
            source_chunks=known_chunks(run, disk),
            verify=run.request.verify,
            overwrite=True,  # a file of that name is of an interrupted run, for it was claimed
            progress=run.progress,
        )
        assert disk.guest is not None
        draft.tools = ((converted.tool, converted.tool_version),)
        draft.arguments = converted.arguments or ("--for" if wanted.profile else "--to", wanted.name)
        draft.notes = converted.notes
        if not converted.proven:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, "--no-verify: the result was not read back"
        draft.finish(disk.with_file(record_of_image(converted, wanted.format, wanted.profile_name)))
        release_name(run, target)


def record_of_image(converted: ConvertedImage, of_format: DiskFormat, profile_name: str) -> FileRecord:
    """Return the record of a disk image that was just made in a set."""
    return FileRecord(
        path=PurePosixPath(converted.path.name),
        kind=FileKind.IMAGE,
        size=converted.path.stat().st_size,
        sha256=converted.sha256,
        format=of_format,
        profile=profile_name,
        virtual_size=converted.virtual_size,
        guest_root=converted.chunk_root,
    )


def known_chunks(run: Run, disk: DiskRecord) -> ChunkDigests:
    """Return the chunk digests taken at first; their file must still be the one that the manifest knows."""
    record = disk.file(FileKind.CHUNKS)
    assert record is not None
    try:
        chunks = read_chunk_digests(run.path(record))
    except (OSError, ValueError) as error:
        raise Differs(
            f"the chunk digests of disk {disk.role} cannot be used: {error}",
            hint="See what else no longer holds with: imgkit check",
        ) from error
    if disk.guest is None or chunks.root != disk.guest.root:
        raise Differs(f"the chunk digests of disk {disk.role} are not those that the manifest knows")
    return chunks


def _is_leftover(run: Run, record: FileRecord) -> bool:
    """Whether it was only needed on the way. A bare disk image from the bucket may be the very one asked for."""
    is_wanted = any(is_image_for(record, wanted) for wanted in run.request.targets)
    is_wanted = is_wanted or (record.format is DiskFormat.RAW and run.request.keeps_raw)
    if record.kind is FileKind.IMAGE and is_wanted:
        return False
    if record.path.parts[0] == "objects":
        return Keep.OBJECTS not in run.request.keep
    return record.kind is FileKind.IMAGE and record.format is DiskFormat.RAW
