"""What the set says of itself: the manifest's own line, the custody, the sums, and what it lacks or has too much."""

import json
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from imgkit.evidence.codec import canonical
from imgkit.evidence.custody import CustodyVerdict, read_custody
from imgkit.evidence.image_set import (
    CUSTODY_NAME,
    MANIFEST_DIGEST,
    MANIFEST_NAME,
    SUMS_NAME,
    WORKSPACE_NAME,
    manifest_digest,
)
from imgkit.evidence.origin import late_objects
from imgkit.evidence.sums import ALL_SUMS, parse_sums, read_sums, sums_of
from imgkit.files.whole import read_evidence
from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import Manifest
from imgkit.stages.verify.links import CUSTODY_CHAIN, failed, held, judged, looked, unknown


def check_record(folder: Path, manifest: Manifest) -> Iterator[LinkOutcome]:
    """Hold the record against itself; nothing of the disks is read."""
    try:
        custody = read_custody(folder / CUSTODY_NAME)
    except OSError as error:
        yield unknown(CUSTODY_NAME, CUSTODY_CHAIN, error.strerror or str(error))
        custody = None
    if custody is not None:
        yield from _check_custody(folder, manifest, custody)
    for name in ALL_SUMS:
        if name == SUMS_NAME or sums_of(manifest.files(), name) or os.path.lexists(folder / name):
            yield looked(name, "agrees with the manifest", partial(_check_sums, folder, manifest, name))
    yield from _check_origin(manifest)
    yield from _check_completeness(manifest)


def _check_custody(folder: Path, manifest: Manifest, custody: CustodyVerdict) -> Iterator[LinkOutcome]:
    for problem in custody.problems:
        yield failed(CUSTODY_NAME, CUSTODY_CHAIN, problem)
    if custody.torn:
        detail = f"line {custody.head.lines} has no end: a crash or a full disk cut it off, or somebody did"
        yield unknown(CUSTODY_NAME, "last line is whole", detail)
    if not custody.problems:
        yield held(CUSTODY_NAME, CUSTODY_CHAIN)
    extends = manifest.custody is not None and custody.extends(manifest.custody)
    link = "extends the head in the manifest"
    yield judged(CUSTODY_NAME, link, holds=extends, detail="the line of the manifest is not in it")
    if manifest.custody is not None and extends:
        told = custody.subject_at(manifest.custody).get(MANIFEST_DIGEST, "")
        yield looked(MANIFEST_NAME, "as its custody line says", lambda: _check_manifest(folder, told))


def _check_manifest(folder: Path, told: object) -> str:
    stored = read_evidence(folder / MANIFEST_NAME)
    plain = json.loads(stored)
    if manifest_digest(plain) != told:
        return "it is not the manifest that was written with that line"
    return "" if stored == canonical(plain) else "it says the same in other bytes than those that were written"


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


def _check_origin(manifest: Manifest) -> Iterator[LinkOutcome]:
    """Hold the times of the cloud against each other: an object is not written after its export has ended."""
    link = "written before the export task ended"
    late = dict(late_objects(manifest))
    for disk in manifest.disks:
        task = manifest.source.task
        if disk.object is None or disk.object.last_modified is None or task is None or task.finished is None:
            continue
        subject = disk.object.url
        outcome = failed(subject, link, late[disk.role]) if disk.role in late else held(subject, link)
        yield outcome.of_disk(str(disk.role))


def _check_completeness(manifest: Manifest) -> Iterator[LinkOutcome]:
    """A set that holds, as far as it goes, is not yet whole."""
    absent = {str(role): "the bucket had no object of it" for role in manifest.missing}
    absent |= {str(disk.role): "its bytes are not here yet" for disk in manifest.disks if disk.guest is None}
    for role, detail in absent.items():
        yield unknown(f"disk {role}", "is in the set", detail).of_disk(role)
    if not manifest.disks:
        yield unknown(MANIFEST_NAME, "names a disk", "none was found yet")


def custody_notes(folder: Path) -> tuple[str, ...]:
    """Return what is worth knowing of the custody and breaks nothing."""
    try:
        return tuple(f"{CUSTODY_NAME}: {note}" for note in read_custody(folder / CUSTODY_NAME).notes)
    except OSError:
        return ()  # told as a link that could not be looked at


def strangers(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a note for each link, and for each file that the record does not know; signatures are known."""
    known = {record.path.as_posix() for record in manifest.files()} | {MANIFEST_NAME, *ALL_SUMS, CUSTODY_NAME}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != WORKSPACE_NAME)
        links = [each for each in folders if (Path(place) / each).is_symlink()]  # nobody walks into these
        for name in sorted([*names, *links]):
            relative = (Path(place) / name).relative_to(folder).as_posix()
            if (Path(place) / name).is_symlink():
                yield f"{relative!r} is a symbolic link: its bytes are not in the set"
            if not _is_known(relative, known):
                yield f"{relative!r} is not in the record"


def _is_known(relative: str, known: Iterable[str]) -> bool:
    """Whether a name, or for a folder something in it, is one of the record's; signatures are looked at elsewhere."""
    is_signature = relative.startswith(f"{MANIFEST_NAME}.")
    return relative in known or is_signature or any(each.startswith(f"{relative}/") for each in known)
