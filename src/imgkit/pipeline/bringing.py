"""One disk, from its object to its images: download, unpack, convert, each proven, recorded and never done twice."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from imgkit.aliyun.rules import parse_object_name
from imgkit.archives.kinds import what_is
from imgkit.digests import ChunkDigests, read_chunk_digests, write_chunk_digests
from imgkit.disks.chunks import take_guest_digests
from imgkit.disks.guard import identify
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import partial_path, publish
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, GuestRecord, Outcome
from imgkit.model.role import DiskRole
from imgkit.pipeline.discarding import discard
from imgkit.pipeline.names import local_name
from imgkit.pipeline.request import Keep, Run, recorded_step
from imgkit.stages.convert import convert_image
from imgkit.stages.download import download_object
from imgkit.stages.unpack import unpack_archive
from imgkit.units import describe_bytes
from imgkit.version import __version__


def bring_disk(run: Run, role: DiskRole) -> None:
    """Take one disk as far as it was asked for; what is there and recorded is not made again."""
    if Keep.OBJECTS in run.request.keep or run.disk(role).guest is None:
        _archive(run, role)
    if run.disk(role).guest is None:
        _take_guest(run, role)
    for wanted in run.request.formats:
        if not run.has_made(role, wanted):
            _make_image(run, role, wanted)
    discard(run, role, [each for each in run.disk(role).files if _is_leftover(run, each)])


def _archive(run: Run, role: DiskRole) -> Path | None:
    """Return the archive, or the bare image that came as the object; it is fetched if it is not there.

    None where it lay outside the set, and is there no more.
    """
    disk = run.disk(role)
    for record in disk.files:
        if _came_from_outside(record) and run.present(record):
            return run.path(record)
    return _download(run, role) if disk.object is not None else None


def _came_from_outside(record: FileRecord) -> bool:
    is_disk = record.kind in {FileKind.ARCHIVE, FileKind.IMAGE}
    return is_disk and (record.state is FileState.OUTSIDE or record.path.parts[0] == "objects")


def _download(run: Run, role: DiskRole) -> Path:
    with recorded_step(run, "download", role) as draft:
        disk = run.disk(role)
        assert disk.object is not None
        name = local_name(disk.object.key, otherwise=f"{role}.object", taken=_names_before(run, role))
        target = run.folder / "objects" / name
        target.parent.mkdir(exist_ok=True)
        done = download_object(
            run.source(role),
            target,
            workspace=run.image_set.workspace,
            settings=run.request.transfer,
            progress=run.progress,
        )
        draft.tools = (("imgkit", __version__), ("oss2", run.services.sdk_version("oss2")))
        draft.notes = done.notes
        if not done.crc_proven:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, "the service names no CRC-64 for this object"
        archive = FileRecord(
            path=PurePosixPath("objects") / name,
            kind=FileKind.ARCHIVE,
            size=done.size,
            sha256=done.sha256,
            crc64=done.crc64,
        )
        changed = replace(disk, object=done.info).with_file(archive).with_file(_parts_record(run, done.parts_path))
        draft.finish(changed)
    return target


def _parts_record(run: Run, path: Path) -> FileRecord:
    measured = measure_file(path)
    return FileRecord(
        path=PurePosixPath(path.relative_to(run.folder)),
        kind=FileKind.PARTS,
        size=measured.size,
        sha256=measured.sha256,
    )


def _names_before(run: Run, role: DiskRole) -> list[str]:
    """Return the names that the objects of the disks before this one have or would have."""
    names: list[str] = []
    for disk in run.image_set.manifest.disks:
        if disk.role == role:
            break
        record = disk.file(FileKind.ARCHIVE)
        if record is not None:
            names.append(record.path.name)
        elif disk.object is not None:
            names.append(local_name(disk.object.key, otherwise=f"{disk.role}.object", taken=names))
    return names


def _take_guest(run: Run, role: DiskRole) -> None:
    """Get hold of the disk's bytes, and of their digests."""
    archive = _archive(run, role)
    if archive is None:
        raise NotAccessible(
            f"the archive of disk {role} is no longer where it was, and nothing else in the set has its bytes",
            hint="Put it back, or begin a new set.",
        )
    if what_is(archive).unpackable:
        _unpack(run, role, archive)
    else:
        _adopt_bare(run, role, archive)


def _unpack(run: Run, role: DiskRole, archive: Path) -> None:
    with recorded_step(run, "unpack", role) as draft:
        unpacked = unpack_archive(
            archive,
            run.image_set.workspace / f"{role}.unpacked",
            engine=run.request.tar_engine,
            overwrite=True,
            progress=run.progress,
        )
        disk = run.disk(role)
        stated = _stated_format(disk, unpacked.format)
        draft.notes = (*unpacked.notes, *_format_note(stated, unpacked.format))
        draft.tools = (("imgkit", __version__), (f"tar ({unpacked.engine.value})", unpacked.tool_version))
        target = run.folder / f"{role}{stated.suffix}"
        publish(unpacked.path, target, overwrite=True)  # an unrecorded file of that name is of an interrupted run
        image = DiskImage(path=target, format=stated, role=role)
        raw = stated is DiskFormat.RAW
        chunks, sha256 = (unpacked.chunks, unpacked.sha256) if raw else _digests_of(run, image)
        record = FileRecord(
            path=PurePosixPath(target.name),
            kind=FileKind.IMAGE,
            size=unpacked.size,
            sha256=unpacked.sha256,
            format=stated,
            virtual_size=chunks.size,
            guest_root=chunks.root,
        )
        changed = replace(disk, member=unpacked.member_name).with_file(record)
        draft.notes = (*draft.notes, *_size_note(disk, chunks.size))
        draft.finish(_with_guest(run, changed, chunks, sha256))


def _adopt_bare(run: Run, role: DiskRole, path: Path) -> None:
    """The object is no archive but the disk image itself."""
    with recorded_step(run, "read", role) as draft:
        disk = run.disk(role)
        found = identify(path)
        stated = _stated_format(disk, found)
        draft.notes = _format_note(stated, found)
        image = DiskImage(path=path, format=stated, role=role)
        chunks, sha256 = _digests_of(run, image)
        archive = disk.file(FileKind.ARCHIVE)
        assert archive is not None
        record = replace(archive, kind=FileKind.IMAGE, format=stated, virtual_size=chunks.size, guest_root=chunks.root)
        draft.notes = (*draft.notes, *_size_note(disk, chunks.size))
        draft.finish(_with_guest(run, disk.with_file(record), chunks, sha256))


def _stated_format(disk: DiskRecord, found: DiskFormat) -> DiskFormat:
    """An object named raw is raw even where a guest wrote another format's header into its first sector."""
    key = disk.object.key if disk.object else next((each.path.name for each in disk.files), "")
    name = parse_object_name(key)
    return DiskFormat.RAW if name is not None and name.suffix.startswith(".raw") else found


def _format_note(stated: DiskFormat, found: DiskFormat) -> tuple[str, ...]:
    if stated is found:
        return ()
    return (f"it begins like a {found.value}, but was exported as {stated.value} and is taken as that",)


def _size_note(disk: DiskRecord, size: int) -> tuple[str, ...]:
    if disk.expected_bytes in {None, size}:
        return ()
    return (f"ECS says {describe_bytes(disk.expected_bytes or 0)}, the disk has {size} bytes",)


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
    guest = GuestRecord(size=chunks.size, root=chunks.root, sha256=sha256)
    return replace(disk, guest=guest).with_file(record)


def _make_image(run: Run, role: DiskRole, wanted: DiskFormat) -> None:
    base = run.image(role)
    if base is None:
        _take_guest(run, role)
        base = run.image(role)
        assert base is not None
        if base.format is wanted:
            return
    _convert(run, role, base, wanted)


def _convert(run: Run, role: DiskRole, base: DiskImage, wanted: DiskFormat) -> None:
    with recorded_step(run, "convert", role) as draft:
        disk = run.disk(role)
        converted = convert_image(
            base,
            run.folder / f"{role}{wanted.suffix}",
            to=wanted,
            source_chunks=known_chunks(run, disk),
            verify=run.request.verify,
            overwrite=True,  # an unrecorded file of that name is of an interrupted run
            progress=run.progress,
        )
        assert disk.guest is not None
        draft.tools = ((converted.tool, converted.tool_version),)
        draft.arguments, draft.notes = converted.arguments, converted.notes
        if not converted.proven:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, "--no-verify: the result was not read back"
        record = FileRecord(
            path=PurePosixPath(converted.path.name),
            kind=FileKind.IMAGE,
            size=converted.path.stat().st_size,
            sha256=converted.sha256,
            format=wanted,
            virtual_size=converted.virtual_size,
            guest_root=converted.chunk_root,
        )
        draft.finish(disk.with_file(record))


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
    """Whether it was only needed on the way."""
    if record.path.parts[0] == "objects":
        return Keep.OBJECTS not in run.request.keep
    return record.kind is FileKind.IMAGE and record.format is DiskFormat.RAW and not run.request.keeps_raw
