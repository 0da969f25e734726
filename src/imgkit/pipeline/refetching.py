"""A damaged object is fetched again, only the parts that differ: into a copy, while the damaged one keeps its place."""

import hashlib
import shutil
from pathlib import Path, PurePosixPath

from imgkit.digests import combine_all_crc64
from imgkit.disks.file_pieces import MeasuredPieces, measure_pieces
from imgkit.errors import Differs, ImgkitError, SettingsError
from imgkit.evidence.measuring import measure_file
from imgkit.files.cloning import clone_file
from imgkit.files.whole import publish
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, SourceKind
from imgkit.pipeline.arriving import require_same_object
from imgkit.pipeline.mending import mend_object
from imgkit.pipeline.rederiving import Sound
from imgkit.pipeline.request import Run
from imgkit.transfer.local_disk import local_errors, require_room
from imgkit.transfer.parts_file import (
    PartsRecord,
    parts_file_bytes,
    parts_path_of,
    read_parts_file,
    write_parts_file,
)
from imgkit.transfer.places import Places
from imgkit.transfer.ranges import plan_parts
from imgkit.transfer.retry import REAL_TIME, describe_patiently
from imgkit.units import MiB

_LARGEST_PART_MIB = 1024


def refetch_object(run: Run, disk: DiskRecord, record: FileRecord) -> tuple[FileRecord, ...]:
    """Return the object's record and that of its parts file, both in place and proven.

    Raises NoSuchBucketOrObject, ObjectChanged, NoRoom and what else downloading raises; then nothing was replaced.
    """
    info = _object_of(run, disk, record)
    target, work = run.path(record), run.image_set.workspace / "repair"
    places = Places(target=work / target.name, workspace=work)
    source = run.services.store(info.bucket, version_id=info.version_id).source(info.key)
    require_same_object(info, describe_patiently(source, run.request.transfer.retry_rule, REAL_TIME))
    _begin_with_what_is_here(places, target, record)
    mend_object(
        source, places.target, workspace=work, settings=run.request.transfer, progress=run.progress, budget=run.budget
    )
    parts = read_parts_file(places.parts)
    if (parts.sha256, parts.size) != (record.sha256, record.size):
        raise Differs(
            f"{info.url} as it is now is not what the manifest says of {record.path}",
            hint="Nothing was replaced. Find out who wrote the object, or the manifest.",
        )
    publish(places.parts, parts_path_of(target), overwrite=True)
    publish(places.target, target, overwrite=True)
    shutil.rmtree(work, ignore_errors=True)
    return record, _parts_record(run, parts_path_of(target))


def _object_of(run: Run, disk: DiskRecord, record: FileRecord) -> ObjectInfo:
    if disk.object is None:
        raise Differs(f"{record.path} came from this machine: nowhere is another one known of")
    if run.image_set.manifest.source.kind is SourceKind.URL:
        raise SettingsError(
            f"{record.path} came by a presigned URL, which is not kept",
            hint="Mend it with a new URL: imgkit download --repair --url-file FILE -o SET/objects, then check again.",
        )
    return disk.object


def _begin_with_what_is_here(places: Places, target: Path, record: FileRecord) -> None:
    """Copy the damaged object, whose sound parts need not be fetched again; an earlier run's work is gone on with."""
    places.make_folders()
    if places.partial.exists() or (places.target.exists() and _usable_parts(places.parts, record) is not None):
        return
    with local_errors(places.target, doing="remove"):
        places.target.unlink(missing_ok=True)  # a run was killed after it had moved the parts file into its place
    parts = _usable_parts(parts_path_of(target), record)
    if parts is None or not target.is_file():
        return  # nobody knows which parts are sound: all of it is fetched
    require_room(places.workspace, target.stat().st_size)
    write_parts_file(places.parts, parts)
    clone_file(target, places.target)


def _usable_parts(path: Path, record: FileRecord) -> PartsRecord | None:
    try:
        parts = read_parts_file(path)
    except ImgkitError:
        return None
    return parts if (parts.size, parts.crc64) == (record.size, record.crc64) else None


def write_parts_again(run: Run, disk: DiskRecord, record: FileRecord, sound: Sound) -> FileRecord:
    """Return the record of an object's parts file, in place; it is made from the object, which must hold.

    Where the size of the parts can be guessed, it is byte for byte the file that was there.
    """
    path = run.path(record)
    known = next(each for each in disk.files if each.path == record.path)
    if path.is_file() and measure_file(path).sha256 == known.sha256:
        return known  # it came along with the object
    name = record.path.as_posix().removesuffix(".parts.json")
    about = next((each for each in disk.files if each.path.as_posix() == name), None)
    if about is None or name not in sound.paths or disk.object is None:
        raise Differs(f"{name} does not hold, so its parts file cannot be made from it")
    measured = measure_pieces(run.path(about), MiB, progress=run.progress, title=f"reading {about.path.name}")
    if measured.sha256 != about.sha256:
        raise Differs(f"{name} has changed since it was checked")
    write_parts_file(path, _guess(disk.object, measured, record.sha256))
    return _parts_record(run, path)


def _guess(info: ObjectInfo, measured: MeasuredPieces, sha256: str) -> PartsRecord:
    """Return the record whose file has this digest, or one with parts of the usual size."""
    usual = max(1, plan_parts(measured.size).part_bytes // MiB)
    first = _parts_of(info, measured, usual)
    for count in (usual, *(1 << power for power in range(_LARGEST_PART_MIB.bit_length()))):
        parts = _parts_of(info, measured, count)
        if _digest_of(parts) == sha256:
            return parts
    return first


def _digest_of(parts: PartsRecord) -> str:
    return hashlib.sha256(parts_file_bytes(parts)).hexdigest()


def _parts_of(info: ObjectInfo, measured: MeasuredPieces, part_mib: int) -> PartsRecord:
    lengths = [min(MiB, measured.size - number * MiB) for number in range(len(measured.pieces))]
    pieces = list(zip(measured.pieces, lengths, strict=True))
    parts = tuple(combine_all_crc64(pieces[at : at + part_mib]) for at in range(0, len(pieces), part_mib))
    return PartsRecord(
        bucket=info.bucket,
        key=info.key,
        etag=info.etag,
        size=measured.size,
        part_bytes=part_mib * MiB,
        parts=parts,
        crc64=measured.crc64,
        service_crc64=info.crc64,
        sha256=measured.sha256,
    )


def _parts_record(run: Run, path: Path) -> FileRecord:
    measured = measure_file(path)
    name = PurePosixPath(path.relative_to(run.folder))
    return FileRecord(path=name, kind=FileKind.PARTS, size=measured.size, sha256=measured.sha256)
