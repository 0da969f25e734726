"""Handing a set over as a bag (BagIt): what is in the record, under `data/NAME`, with nothing read that is known.

A large file shares its blocks with the set, or is a hard link to it; it is copied where the bag lies on another file
system, or where copies were asked for. A copy is read back and has the digests of the record. The record itself is
always copied: custody goes on in the set, and a hard link would let it go on in the bag too.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from imgkit.disks.chunks import take_chunk_digests
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs, NoRoom, NotAccessible, SettingsError, TargetExists
from imgkit.evidence.bags import validate, write_tags
from imgkit.evidence.custody import read_custody
from imgkit.evidence.image_set import (
    CUSTODY_NAME,
    MANIFEST_NAME,
    WORKSPACE_NAME,
    read_manifest,
    require_unchanged_record,
)
from imgkit.evidence.measuring import measure_file
from imgkit.evidence.statements import made_according_to, statements_in
from imgkit.evidence.sums import ALL_SUMS
from imgkit.evidence.whereabouts import PAYLOAD
from imgkit.files.lock import shared_lock
from imgkit.files.placing import Placing, copy_with_holes, place_without_copying, require_regular
from imgkit.files.sparse import local_error
from imgkit.files.whole import read_evidence, real_path, refuse_existing, sync_folder
from imgkit.files.work_folder import work_folder
from imgkit.model.custodian import Custodian
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import FileKind, FileRecord, FileState, Manifest
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import describe_bytes
from imgkit.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class BagWish:
    """`copies`: independent copies in any case. `read_all`: have bagit read every byte at the end."""

    copies: bool = False
    read_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BagDone:
    """Where the bag lies, its set inside it, and how each file came there."""

    path: Path
    inside: Path
    files: tuple[tuple[PurePosixPath, int, Placing], ...]
    outside: tuple[str, ...] = ()
    """Files of the record that never lay in the set: they are not in the bag."""


def bag_set(
    folder: Path,
    target: Path,
    wish: BagWish,
    *,
    custodian: Custodian,
    today: date,
    begun: Callable[[], None],
    say: Callable[[str], None],
    progress: Progress = NULL_PROGRESS,
) -> BagDone:
    """Make the bag `target`, which must not exist; it appears when it is whole.

    `begun` is called before custody is copied, so that its line about the bag is in the bag. Raises SettingsError,
    TargetExists, NoRoom, NotAccessible, AlreadyAtWork, and Differs where a file is not as it is in the record.
    """
    record = _record_now(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made.")
    _require_place(folder, target)
    _require_names(folder, manifest)
    _require_sizes(folder, manifest)
    try:
        with shared_lock(folder / WORKSPACE_NAME / "lock", what=f"the image set {folder}"), work_folder(target) as work:
            require_unchanged_record(folder, record, doing="read")
            may_copy = wish.copies or work.stat().st_dev != folder.stat().st_dev
            if may_copy:
                _require_room(folder, manifest, work, say)
            begun()
            bag = work / "bag"
            name = real_path(folder).name
            inside = bag / PAYLOAD / name
            done = _build(folder, manifest, inside, wish, may_copy=may_copy, progress=progress)
            payload = _sizes_and_digests(name, manifest, _copy_record(folder, inside))
            require_unchanged_record(inside, record, doing="put into a bag")
            write_tags(bag, _digests(payload), _info(manifest, payload, custodian, today))
            validate(bag, read_all=wish.read_all)
            refuse_existing(target)
            bag.rename(target)
            sync_folder(target.parent)
    except OSError as error:
        raise local_error(error, Path(error.filename) if isinstance(error.filename, str) else target) from error
    everything = (each for disk in manifest.disks for each in disk.files)
    outside = tuple(each.path.as_posix() for each in everything if each.state is FileState.OUTSIDE)
    return BagDone(path=target, inside=target / PAYLOAD / name, files=done, outside=outside)


def _record_now(folder: Path) -> bytes:
    try:
        return read_evidence(folder / MANIFEST_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _require_names(folder: Path, manifest: Manifest) -> None:
    """A bag's manifest has a line for each file, and its readers do not agree how a line break in a name is written."""
    names = (real_path(folder).name, *(each.path.as_posix() for each in manifest.files()))
    broken = next((name for name in names if "\n" in name or "\r" in name), None)
    if broken is not None:
        raise SettingsError(
            f"the name {broken!r} has a line break, and no bag holds such a name",
            hint="Rename the set's folder where it is that; else hand the set over as it is, with its SHA256SUMS.",
        )


def _build(
    folder: Path, manifest: Manifest, inside: Path, wish: BagWish, *, may_copy: bool, progress: Progress
) -> tuple[tuple[PurePosixPath, int, Placing], ...]:
    inside.mkdir(parents=True)
    done = []
    for record in manifest.files():
        place = inside / record.path
        place.parent.mkdir(parents=True, exist_ok=True)
        how = None if wish.copies else place_without_copying(folder / record.path, place)
        if how is None and not may_copy:
            raise NotAccessible(
                f"{folder / record.path} can be neither shared nor linked into {inside}",
                hint=f"Copy it and all others ({describe_bytes(_stored(folder, manifest))}) with --copy.",
            )
        if how is None:
            how = copy_with_holes(folder / record.path, place, progress=progress)
            _require_same(place, record, _root(manifest, record), progress)
        done.append((record.path, record.size, how))
    return tuple(done)


def _root(manifest: Manifest, record: FileRecord) -> str:
    """Return the root of a raw disk's chunk digests, which its holes cost nothing; empty for any other file."""
    disk = next((each for each in manifest.disks if record in each.files), None)
    if disk is None or record.format is not DiskFormat.RAW or record.kind is not FileKind.IMAGE:
        return ""
    return record.guest_root or (disk.guest.root if disk.guest else "")


def _require_same(copy: Path, record: FileRecord, root: str, progress: Progress) -> None:
    title = f"reading back {copy.name}"
    if root:
        with open_guest_view(DiskImage(path=copy, format=DiskFormat.RAW)) as view:
            is_same = (view.size, take_chunk_digests(view, progress=progress, title=title).root) == (record.size, root)
    else:
        measured = measure_file(copy, progress=progress, title=title)
        is_same = (measured.size, measured.sha256) == (record.size, record.sha256)
    if not is_same:
        raise Differs(
            f"the copy of {record.path} has other digests than the record",
            hint="Either it was damaged before, which imgkit check says, or this disk writes what it was not given.",
        )


def _copy_record(folder: Path, inside: Path) -> dict[str, bytes]:
    """Copy what is small and no file of the manifest's; return it by name."""
    record = {name: read_evidence(folder / name) for name in _record_names(folder)}
    for name, content in record.items():
        with (inside / name).open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    return record


def _record_names(folder: Path) -> Iterator[str]:
    yield from (MANIFEST_NAME, CUSTODY_NAME)
    yield from (name for name in ALL_SUMS if (folder / name).exists())
    signed = {each.name for each in statements_in(folder)}
    signed |= {file.name for each in statements_in(folder) for file in each.signatures}
    signed |= set(made_according_to(read_custody(folder / CUSTODY_NAME)))
    yield from sorted(name for name in signed if "/" not in name and (folder / name).is_file())


def _sizes_and_digests(name: str, manifest: Manifest, record: dict[str, bytes]) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of all that is in the payload, by name below `data/`."""
    known = {f"{name}/{each.path.as_posix()}": (each.size, each.sha256) for each in manifest.files()}
    return known | {f"{name}/{each}": (len(data), hashlib.sha256(data).hexdigest()) for each, data in record.items()}


def _digests(payload: Mapping[str, tuple[int, str]]) -> list[tuple[str, str]]:
    return [(name, digest) for name, (_, digest) in payload.items()]


def _info(
    manifest: Manifest, payload: Mapping[str, tuple[int, str]], custodian: Custodian, today: date
) -> dict[str, str]:
    info = {
        "Bagging-Date": today.isoformat(),
        "Bag-Software-Agent": f"imgkit {__version__}",
        "Payload-Oxum": f"{sum(size for size, _ in payload.values())}.{len(payload)}",
        "External-Identifier": manifest.source.image_id,
        "External-Description": "Disks of a custom image of Alibaba Cloud ECS, as imgkit recorded them",
        "Contact-Name": custodian.examiner,
        "Internal-Sender-Identifier": custodian.case,
        "Internal-Sender-Description": custodian.reason,
    }
    return {name: value for name, value in info.items() if value}


def _require_place(folder: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise TargetExists(f"{target} exists already", hint="Choose another place with -o, or remove it first.")
    whole, inside = real_path(target), real_path(folder)
    if inside == whole or inside in whole.parents:
        raise SettingsError(f"{target} lies in the set itself", hint="Choose a place outside the set with -o.")
    if not target.absolute().parent.is_dir():
        raise NotAccessible(f"there is no folder {target.absolute().parent}", hint="Make it first.")


def _require_sizes(folder: Path, manifest: Manifest) -> None:
    for record in manifest.files():
        found = require_regular(folder / record.path)
        if found.st_size != record.size:
            raise Differs(
                f"{folder / record.path} has {found.st_size} bytes and not {record.size}",
                hint=f"See all that differs with: imgkit check {folder}",
            )


def _require_room(folder: Path, manifest: Manifest, work: Path, say: Callable[[str], None]) -> None:
    needed, free = _stored(folder, manifest), shutil.disk_usage(work).free
    files = manifest.files()
    long = sum(each.size for each in files)
    say(f"copying {len(files)} files: {describe_bytes(needed)} stored, {describe_bytes(long)} long")
    if needed > free:
        raise NoRoom(
            f"the bag needs {describe_bytes(needed)}, and {work.parent} has {describe_bytes(free)} free",
            hint="Choose another place with -o. On the set's own file system nothing is copied.",
        )


def _stored(folder: Path, manifest: Manifest) -> int:
    return sum(require_regular(folder / each.path).st_blocks * 512 for each in manifest.files())
