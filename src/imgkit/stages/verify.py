"""Does an image set still hold: every digest and CRC, every disk image's structure, the record and its custody.

Each link has an outcome of its own, and what could not be looked at is never called held. A raw image is held by its
chunk digests (of which holes cost nothing); the manifest has the flat SHA-256 of the very same bytes.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from imgkit.digests import ChunkDigests, read_chunk_digests
from imgkit.disks.chunks import take_chunk_digests
from imgkit.disks.comparing import compare
from imgkit.disks.guard import identify, read_header
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.nodes import build_node, private_folder
from imgkit.errors import Differs, ImgkitError, NotAccessible, SettingsError, ToolFailed
from imgkit.evidence.custody import CustodyVerdict, read_custody
from imgkit.evidence.image_set import (
    CUSTODY_NAME,
    MANIFEST_DIGEST,
    MANIFEST_NAME,
    SUMS_NAME,
    WORKSPACE_NAME,
    manifest_digest,
    read_manifest,
)
from imgkit.evidence.lone import read_lone_record
from imgkit.evidence.measuring import measure_file
from imgkit.evidence.sums import ALL_SUMS, parse_sums, read_sums, sums_of
from imgkit.files.whole import read_evidence
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, FileState, Manifest, Outcome
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools.qemu_img import CheckOutcome, check
from imgkit.transfer.parts_file import verify_parts

SERVICE_CRC = "CRC-64 as the service named it"
_SHOWN_CHUNKS = 3


def check_set(folder: Path, *, progress: Progress = NULL_PROGRESS) -> CheckResult:
    """Walk the whole chain of a set, offline; nothing in the set is written.

    Raises Differs when the manifest itself is damaged, NotAccessible, SettingsError when this is no image set.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made, or a file.")
    links = [*_check_record(folder, manifest), *_check_completeness(manifest)]
    for disk in manifest.disks:
        links += _check_disk(folder, disk, progress)
    links += [_check_plain(folder, report, progress) for report in manifest.reports]
    return CheckResult(links=tuple(links), notes=(*_custody_notes(folder), *_strangers(folder, manifest)))


def _custody_notes(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(f"{CUSTODY_NAME}: {note}" for note in read_custody(folder / CUSTODY_NAME).notes)
    except OSError:
        return ()  # told as a link that could not be looked at


def _check_record(folder: Path, manifest: Manifest) -> Iterator[LinkOutcome]:
    try:
        custody = read_custody(folder / CUSTODY_NAME)
    except OSError as error:
        unread = error.strerror or str(error)
        yield LinkOutcome(subject=CUSTODY_NAME, link="chain of lines", outcome=Outcome.UNDETERMINED, detail=unread)
        custody = None
    if custody is not None:
        yield from _check_custody(folder, manifest, custody)
    for name in ALL_SUMS:
        if name == SUMS_NAME or sums_of(manifest.files(), name) or os.path.lexists(folder / name):
            yield _looked(name, "agrees with the manifest", partial(_check_sums, folder, manifest, name))


def _check_custody(folder: Path, manifest: Manifest, custody: CustodyVerdict) -> Iterator[LinkOutcome]:
    for problem in custody.problems:
        yield LinkOutcome(subject=CUSTODY_NAME, link="chain of lines", outcome=Outcome.FAILED, detail=problem)
    if custody.torn:
        yield LinkOutcome(
            subject=CUSTODY_NAME,
            link="last line is whole",
            outcome=Outcome.UNDETERMINED,
            detail=f"line {custody.head.lines} has no end: a crash or a full disk cut it off, or somebody did",
        )
    if not custody.problems:
        yield LinkOutcome(subject=CUSTODY_NAME, link="chain of lines", outcome=Outcome.HELD)
    extends = manifest.custody is not None and custody.extends(manifest.custody)
    yield _judged(CUSTODY_NAME, "extends the head in the manifest", extends, "the line of the manifest is not in it")
    if manifest.custody is not None and extends:
        told = custody.subject_at(manifest.custody).get(MANIFEST_DIGEST, "")
        yield _looked(MANIFEST_NAME, "as its custody line says", lambda: _check_manifest(folder, told))


def _check_manifest(folder: Path, told: object) -> str:
    found = manifest_digest(json.loads(read_evidence(folder / MANIFEST_NAME)))
    return "" if found == told else "it is not the manifest that was written with that line"


def _check_completeness(manifest: Manifest) -> Iterator[LinkOutcome]:
    """A set that holds, as far as it goes, is not yet whole."""
    absent = {str(role): "the bucket had no object of it" for role in manifest.missing}
    absent |= {str(disk.role): "its bytes are not here yet" for disk in manifest.disks if disk.guest is None}
    for role, detail in absent.items():
        yield LinkOutcome(subject=f"disk {role}", link="is in the set", outcome=Outcome.UNDETERMINED, detail=detail)
    if not manifest.disks:
        yield LinkOutcome(
            subject=MANIFEST_NAME, link="names a disk", outcome=Outcome.UNDETERMINED, detail="none was found yet"
        )


def _check_sums(folder: Path, manifest: Manifest, name: str) -> str:
    wanted = sums_of(manifest.files(), name)
    if read_evidence(folder / name) == wanted:
        return ""
    try:
        listed = {file: digest for digest, file in read_sums(folder / name, kind=name)}
    except ValueError as error:
        return str(error)
    known = {file: digest for digest, file in parse_sums(wanted, name)}
    differing = sorted(file for file in listed.keys() | known.keys() if listed.get(file) != known.get(file))
    return f"{differing[0]} differs" if differing else "its lines are not as they were written"


def _check_disk(folder: Path, disk: DiskRecord, progress: Progress) -> Iterator[LinkOutcome]:
    chunks = _known_chunks(folder, disk)
    for record in disk.files:
        if record.state is FileState.DISCARDED:
            continue
        if not os.path.lexists(folder / record.path):
            yield LinkOutcome(
                subject=record.path.as_posix(), link="is there", outcome=Outcome.FAILED, detail="it is missing"
            )
            continue
        if record.kind is FileKind.IMAGE:
            yield from _check_image(folder, disk, record, chunks, progress)
        else:
            yield _check_plain(folder, record, progress)
        if record.kind is FileKind.ARCHIVE or (record.kind is FileKind.IMAGE and record.crc64 is not None):
            yield _check_service_crc(disk, record)
        if record.kind is FileKind.CHUNKS:
            yield _check_root(disk, record, chunks)


def _known_chunks(folder: Path, disk: DiskRecord) -> ChunkDigests | None:
    record = disk.file(FileKind.CHUNKS)
    if record is None:
        return None
    try:
        return read_chunk_digests(folder / record.path)
    except (OSError, ValueError):
        return None  # the file's own links say why


def _check_plain(folder: Path, record: FileRecord, progress: Progress) -> LinkOutcome:
    """Hold a file's size, SHA-256 and, where one is known, CRC-64 against the manifest."""
    subject = record.path.as_posix()
    if not record.sha256:
        return LinkOutcome(
            subject=subject,
            link="size and digests as recorded",
            outcome=Outcome.UNDETERMINED,
            detail="no digest was taken when it was made (--no-verify)",
        )
    return _looked(subject, "size and digests as recorded", lambda: _compare_file(folder, record, progress))


def _compare_file(folder: Path, record: FileRecord, progress: Progress) -> str:
    measured = measure_file(folder / record.path, progress=progress, title=f"checking {record.path.name}")
    if measured.size != record.size:
        return f"it has {measured.size} bytes and not {record.size}" + _which_parts(folder, record, progress)
    if record.crc64 not in {None, measured.crc64}:
        return "its CRC-64 differs" + _which_parts(folder, record, progress)
    return "" if measured.sha256 == record.sha256 else "its SHA-256 differs" + _which_parts(folder, record, progress)


def _which_parts(folder: Path, record: FileRecord, progress: Progress) -> str:
    """Say which parts of an object are damaged, where its parts file can tell."""
    path = folder / record.path
    parts = path.with_name(path.name + ".parts.json")
    if record.kind is not FileKind.ARCHIVE or not parts.exists():
        return ""
    try:
        verdict = verify_parts(path, parts, progress=progress)
    except ImgkitError as error:
        return f"; {error.message}"
    shown = ", ".join(str(each) for each in verdict.differing[:_SHOWN_CHUNKS])
    return f"; {len(verdict.differing)} of {len(verdict.record.parts)} parts differ ({shown})"


def _check_service_crc(disk: DiskRecord, record: FileRecord) -> LinkOutcome:
    subject, link = record.path.as_posix(), SERVICE_CRC
    if disk.object is None:
        return LinkOutcome(
            subject=subject, link=link, outcome=Outcome.HELD, detail="began from a local file: no service named any"
        )
    if disk.object.crc64 is None:
        return LinkOutcome(subject=subject, link=link, outcome=Outcome.UNDETERMINED, detail="the service named none")
    return _judged(subject, link, record.crc64 == disk.object.crc64, f"the service said {disk.object.crc64}")


def _check_root(disk: DiskRecord, record: FileRecord, chunks: ChunkDigests | None) -> LinkOutcome:
    held = chunks is not None and disk.guest is not None and chunks.root == disk.guest.root
    return _judged(record.path.as_posix(), "root of the chunk digests", held, "it is not the manifest's")


def _check_image(
    folder: Path, disk: DiskRecord, record: FileRecord, chunks: ChunkDigests | None, progress: Progress
) -> Iterator[LinkOutcome]:
    assert record.format is not None
    image = DiskImage(path=folder / record.path, format=record.format, role=disk.role)
    subject = record.path.as_posix()
    if record.format is not DiskFormat.RAW:
        yield _check_plain(folder, record, progress)
        yield _looked(subject, "structure (qemu-img check)", lambda: _structure(image))
    yield _looked(subject, "guest view", lambda: _compare_guest(image, disk, record.guest_root, chunks, progress))


def _structure(image: DiskImage) -> str:
    header = read_header(image.path, stated=image.format)
    with private_folder() as folder:
        found = check(build_node(header, folder))
    if found.outcome in {CheckOutcome.CLEAN, CheckOutcome.LEAKS, CheckOutcome.NOT_CHECKABLE}:
        return ""
    if found.outcome is CheckOutcome.CORRUPT:
        return f"{found.corruptions} corruptions"
    raise ToolFailed(f"qemu-img could not check it: {found.reason}")


def _compare_guest(
    image: DiskImage, disk: DiskRecord, record_root: str, chunks: ChunkDigests | None, progress: Progress
) -> str:
    """A format that holds whole sectors only may be longer than the disk; its own record knows that root."""
    if disk.guest is None:
        raise Differs(f"the manifest has no digests of disk {disk.role}")
    with open_guest_view(image) as view:
        found = take_chunk_digests(view, progress=progress, title=f"checking {image.path.name}")
    if found.root == (record_root or disk.guest.root):
        return ""
    return "its bytes differ" if chunks is None else compare(chunks, found).describe()


def _strangers(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a note for each link, and for each file that the record does not know; signatures are known."""
    known = {record.path.as_posix() for record in manifest.files()} | {MANIFEST_NAME, *ALL_SUMS, CUSTODY_NAME}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != WORKSPACE_NAME)
        for name in sorted(names):
            relative = (Path(place) / name).relative_to(folder).as_posix()
            if (Path(place) / name).is_symlink():
                yield f"{relative!r} is a symbolic link: its bytes are not in the set"
            if relative not in known and not relative.startswith(f"{MANIFEST_NAME}."):
                yield f"{relative!r} is not in the record"


def _looked(subject: str, link: str, look: Callable[[], str]) -> LinkOutcome:
    """Look at a link: no words hold, words say what differs, and what could not be looked at is undetermined."""
    try:
        detail = look()
    except FileNotFoundError:
        return LinkOutcome(subject=subject, link=link, outcome=Outcome.FAILED, detail="it is missing")
    except OSError as error:
        return LinkOutcome(
            subject=subject, link=link, outcome=Outcome.UNDETERMINED, detail=error.strerror or str(error)
        )
    except ImgkitError as error:
        differs = isinstance(error, Differs) or 50 <= error.exit_code < 60
        outcome = Outcome.FAILED if differs else Outcome.UNDETERMINED
        return LinkOutcome(subject=subject, link=link, outcome=outcome, detail=error.message)
    return _judged(subject, link, not detail, detail)


def _judged(subject: str, link: str, held: bool, detail: str) -> LinkOutcome:
    if held:
        return LinkOutcome(subject=subject, link=link, outcome=Outcome.HELD)
    return LinkOutcome(subject=subject, link=link, outcome=Outcome.FAILED, detail=detail)


def check_file(path: Path, *, progress: Progress = NULL_PROGRESS) -> CheckResult:
    """Check a lone archive or disk image against the record beside it, and a disk image's structure.

    Raises NotAccessible when there is no such file.
    """
    if not path.is_file():
        raise NotAccessible(f"there is no file {path}", hint="Name an image set's folder, or a file.")
    try:
        lone = read_lone_record(path)
    except ValueError as error:
        raise Differs(f"the record beside {path} cannot be read: {error}") from error
    links: list[LinkOutcome] = []
    if lone is not None:
        record = replace(lone.file, path=PurePosixPath(path.name))
        links.append(_check_plain(path.parent, record, progress))
        if lone.step.outcome is Outcome.UNDETERMINED:
            links.append(
                LinkOutcome(
                    subject=path.name,
                    link=f"held when it was made ({lone.step.step})",
                    outcome=Outcome.UNDETERMINED,
                    detail="; ".join(lone.step.notes[-_SHOWN_CHUNKS:]),
                )
            )
    links += _check_lone_image(path, lone, progress)
    if lone is None:
        missing = "it has no record beside it, so nothing is known of its bytes"
        links.append(
            LinkOutcome(
                subject=path.name, link="size and digests as recorded", outcome=Outcome.UNDETERMINED, detail=missing
            )
        )
    return CheckResult(links=tuple(links))


def _check_lone_image(path: Path, lone: LoneRecord | None, progress: Progress) -> Iterator[LinkOutcome]:
    stated = lone.file.format if lone else None
    if stated is None:
        try:
            stated = identify(path)
        except ImgkitError as error:
            if lone is None:
                yield LinkOutcome(
                    subject=path.name, link="disk image", outcome=Outcome.UNDETERMINED, detail=error.message
                )
            return
    image = DiskImage(path=path, format=stated)
    if stated is not DiskFormat.RAW:
        yield _looked(path.name, "structure (qemu-img check)", lambda: _structure(image))
    if lone is not None and lone.file.guest_root:
        root = lone.file.guest_root
        yield _looked(path.name, "guest view", lambda: _compare_root(image, root, progress))


def _compare_root(image: DiskImage, root: str, progress: Progress) -> str:
    with open_guest_view(image) as view:
        found = take_chunk_digests(view, progress=progress)
    return "" if found.root == root else "its bytes differ"
