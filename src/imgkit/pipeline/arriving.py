"""How a disk's archive gets here, and how unpacking follows it while it comes."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from imgkit.aliyun.rules import parse_object_name
from imgkit.archives.kinds import kind_of
from imgkit.errors import ImgkitError, ObjectChanged
from imgkit.evidence.measuring import measure_file
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.download import DownloadedObject
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Outcome
from imgkit.model.role import DiskRole
from imgkit.model.unpacked import UnpackedDisk
from imgkit.pipeline.names import local_name
from imgkit.pipeline.request import Keep, Run, recorded_step
from imgkit.ports import Frontier, RangeSource
from imgkit.safe_text import safe_name
from imgkit.stages.download import download_object
from imgkit.stages.restore import restore_object
from imgkit.stages.unpack import unpack_archive
from imgkit.transfer.expiry import Expiring
from imgkit.transfer.retry import REAL_TIME, describe_patiently
from imgkit.units import format_utc

_HEAD_BYTES = 512  # enough to tell an archive from a bare disk image


class FollowingUnpack:
    """Unpacks an archive behind the frontier of its download; what came of it is asked for when both have ended.

    Called again from the start where bytes that were offered already had to be fetched again. An error of its own
    keeps nobody from finishing the download: it is raised when unpacking is due.
    """

    def __init__(self, run: Run, role: DiskRole) -> None:
        self._run, self._role = run, role
        self.archive: Path | None = None
        """The name that the archive will have; while it comes it has another."""
        self.started: datetime | None = None
        self.unpacked: UnpackedDisk | None = None
        self.error: ImgkitError | None = None

    def __call__(self, frontier: Frontier) -> None:
        self.unpacked = self.error = None
        if not _begins_like_an_archive(frontier):
            return
        self.started = self._run.waiting.now()
        try:
            self.unpacked = self.unpack(self.archive or frontier.path, frontier=frontier)
        except ImgkitError as error:
            self.error = error

    def unpack(self, archive: Path, *, frontier: Frontier | None = None) -> UnpackedDisk:
        """Unpack into the set's workspace."""
        disk = self._run.disk(self._role)
        return unpack_archive(
            archive,
            self._run.image_set.workspace / f"{self._role}.unpacked",
            engine=self._run.request.tar_engine,
            frontier=frontier,
            said_format=DiskFormat.RAW if is_said_to_be_raw(disk) else None,
            overwrite=True,
            progress=self._run.progress,
        )


def archive_of(run: Run, role: DiskRole, following: FollowingUnpack | None = None) -> Path | None:
    """Return the archive, or the bare image that came as the object; it is fetched if it is not there.

    None where it lay outside the set, and is there no more.
    """
    disk = run.disk(role)
    for record in disk.files:
        if _came_from_outside(record) and run.present(record):
            return run.path(record)
    return _download(run, role, following) if disk.object is not None else None


def must_come(run: Run, role: DiskRole) -> bool:
    """Whether bringing this disk begins with a download."""
    disk = run.disk(role)
    is_here = any(_came_from_outside(record) and run.present(record) for record in disk.files)
    is_wanted = disk.guest is None or Keep.OBJECTS in run.request.keep
    return disk.object is not None and is_wanted and not is_here


def is_said_to_be_raw(disk: DiskRecord) -> bool:
    """Whether the object's name says raw: then it is, even where a guest wrote another format's header into it."""
    key = disk.object.key if disk.object else next((each.path.name for each in disk.files), "")
    name = parse_object_name(key)
    return name is not None and name.suffix.startswith(".raw")


def _begins_like_an_archive(frontier: Frontier) -> bool:
    if not frontier.total:
        return False
    wanted = min(_HEAD_BYTES, frontier.total)
    while frontier.wait_beyond(wanted - 1) < wanted:
        pass
    with frontier.path.open("rb") as file:
        return kind_of(file.read(wanted)).unpackable


def _came_from_outside(record: FileRecord) -> bool:
    is_disk = record.kind in {FileKind.ARCHIVE, FileKind.IMAGE}
    return is_disk and (record.state is FileState.OUTSIDE or record.path.parts[0] == "objects")


def _download(run: Run, role: DiskRole, following: FollowingUnpack | None) -> Path:
    with recorded_step(run, "download", role) as draft:
        disk = run.disk(role)
        assert disk.object is not None
        name = local_name(disk.object.key, otherwise=f"{role}.object", taken=_names_before(run, role))
        target = run.folder / "objects" / name
        target.parent.mkdir(exist_ok=True)
        if run.request.restore and role not in run.request.urls:
            store = run.services.store(disk.object.bucket)
            restore_object(store, disk.object.key, sleep=run.waiting.sleep, progress=run.progress)
        source = run.source(role)
        _tell_expiry(run, role, source)
        require_same_object(disk.object, describe_patiently(source, run.request.transfer.retry_rule, REAL_TIME))
        if following is not None:
            following.archive = target
        done = download_object(
            source,
            target,
            workspace=run.image_set.workspace,
            settings=run.request.transfer,
            progress=run.arrivals or run.progress,
            budget=run.budget,
            followers=() if following is None else (following,),
            verify=True,  # a file that a killed run left under its final name is read before it is trusted
        )
        run.proven.add(target)
        draft.tools = (("oss2", run.services.sdk_version("oss2")),)
        draft.arguments = _download_arguments(done)
        draft.notes = done.notes
        if not done.crc_proven:
            draft.outcome, draft.reason = Outcome.UNDETERMINED, "the service names no CRC-64 for this object"
        changed = replace(disk, object=done.info).with_file(_archive_record(done, name))
        draft.finish(changed.with_file(_parts_record(run, done.parts_path)))
    return target


def _download_arguments(done: DownloadedObject) -> tuple[str, ...]:
    info = done.info
    version = (f"version={info.version_id}",) if info.version_id else ()
    counts = f"fetched={done.fetched_bytes}", f"reused={done.reused_bytes}"
    return (info.url, f"etag={info.etag}", *version, *counts)


def _tell_expiry(run: Run, role: DiskRole, source: RangeSource) -> None:
    if isinstance(source, Expiring) and source.expires_at is not None:
        run.say(f"{role}: the URL is good until {format_utc(source.expires_at)[:19]}Z")


def require_same_object(known: ObjectInfo, found: ObjectInfo) -> None:
    """A set is of one export: what was put in its object's place since does not belong to it."""
    if (known.etag, known.size) != (found.etag, found.size):
        version = f" The bucket still has it as version {known.version_id}." if known.version_id else ""
        raise ObjectChanged(
            f"{safe_name(known.url)} is no longer the object that this set began with: that one had {known.size} bytes "
            f"and ETag {known.etag}, it has {found.size} bytes and ETag {found.etag}",
            hint=f"Find out who replaced it.{version} As it is now it can be fetched into another folder with -o.",
        )


def _archive_record(done: DownloadedObject, name: str) -> FileRecord:
    return FileRecord(
        path=PurePosixPath("objects") / name,
        kind=FileKind.ARCHIVE,
        size=done.size,
        sha256=done.sha256,
        crc64=done.crc64,
    )


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
        record = next((each for each in disk.files if _came_from_outside(each)), None)
        if record is not None:
            names.append(record.path.name)
        elif disk.object is not None:
            names.append(local_name(disk.object.key, otherwise=f"{disk.role}.object", taken=names))
    return names
