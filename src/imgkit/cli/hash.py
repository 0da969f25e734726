"""`imgkit hash`: the digests of the disk in an image, which are the same whatever the format."""

from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.surroundings import now, open_services
from imgkit.digests import write_chunk_digests
from imgkit.disks.chunks import GuestDigests, take_guest_digests
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.source_files import refuse_target
from imgkit.errors import SettingsError
from imgkit.evidence.image_set import open_image_set, read_manifest
from imgkit.files.whole import partial_path
from imgkit.model.disk import Reader
from imgkit.safe_text import safe_text
from imgkit.stages.add_digests import OlderDigest, add_digests
from imgkit.units import describe_bytes


@command(app, "hash")
def hash_guest(
    console: Console,
    *,
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE|SET", readable=False, help="The disk image, or with --also an image set.")
    ],
    guest: Annotated[
        bool, typer.Option("--guest", help="Of the disk in the image, as a machine would read it.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--sha256", help="Also the SHA-256 of all its bytes, as of a raw file.")
    ] = False,
    chunks: Annotated[
        Path | None, typer.Option("--chunks", metavar="FILE", help="Write the chunk digests to a file.")
    ] = None,
    stated: options.Stated = None,
    allow_backing: options.AllowBacking = None,
    reader: options.Reading = Reader.IMGKIT,
    also: Annotated[
        list[OlderDigest] | None,
        typer.Option("--also", help="Of a set: write MD5SUMS or SHA1SUMS too, in one reading; repeatable."),
    ] = None,
    force: options.Force = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Print the root over the SHA-256 of every 4 MiB of the disk; equal roots are equal disks of equal size."""
    if also:
        given = guest or flat or chunks is not None or custody_file is not None
        _hash_set(console, image, also, examiner=examiner, case=case, reason=reason, is_alone=not given)
        return
    recorder = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    if not guest:
        raise SettingsError(
            "what is to be hashed was not said",
            hint="Say --guest for the disk in the image; the file as it lies there is what sha256sum hashes.",
        )
    header = read_header(image, stated=stated, allow_backing=allow_backing)
    if chunks is not None:
        refuse_target(chunks, header, overwrite=force)  # before hours of hashing
    with open_guarded(header, reader=reader) as view:
        taken = take_guest_digests(view, flat=flat, progress=console.progress, title=f"hashing {image.name}")
    if chunks is not None:
        with partial_path(chunks, overwrite=force) as partial:
            write_chunk_digests(partial, taken.chunks)
    notes = [safe_text(note) for note in header.notes]
    note_reading(console, image, "hash", recorder, subject={"root": taken.chunks.root})
    console.result(_as_text(image, taken, notes), _as_data(image, taken, notes))


def _hash_set(
    console: Console,
    folder: Path,
    also: list[OlderDigest],
    *,
    examiner: str | None,
    case: str | None,
    reason: str | None,
    is_alone: bool,
) -> None:
    manifest = read_manifest(folder) if is_alone else None
    if manifest is None:
        raise SettingsError(
            f"--also is for an image set alone, and {folder} is none" if is_alone else "--also stands alone",
            hint="Name the folder that imgkit fetch made: imgkit hash SET --also md5.",
        )
    settled = open_services(examiner=examiner, case=case).settings
    who = options.custodian(examiner=settled.examiner, case=settled.case, reason=reason)
    with open_image_set(folder, manifest.source, custodian=who, now=now) as image_set:
        files = add_digests(image_set, tuple(dict.fromkeys(also)), progress=console.progress)
    lines = [f"{word} of {len(files)} files: {folder / word.upper()}SUMS" for word in dict.fromkeys(also)]
    told = [{"path": each.path.as_posix(), "md5": each.md5, "sha1": each.sha1} for each in files]
    console.result("\n".join(lines), {"path": str(folder), "files": told})


def _as_text(image: Path, taken: GuestDigests, notes: list[str]) -> str:
    size = taken.chunks.size
    lines = [f"{safe_text(str(image))}: {describe_bytes(size)} ({size} bytes)", f"root:   {taken.chunks.root}"]
    lines += [f"sha256: {taken.sha256}"] if taken.sha256 else []
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])


def _as_data(image: Path, taken: GuestDigests, notes: list[str]) -> dict[str, Any]:
    return {
        "path": str(image),
        "size": taken.chunks.size,
        "root": taken.chunks.root,
        "sha256": taken.sha256 or None,
        "notes": notes,
    }
