"""`imgkit hash`: the digests of the disk in an image, which are the same whatever the format."""

from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.digests import write_chunk_digests
from imgkit.disks.chunks import GuestDigests, take_guest_digests
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.source_files import refuse_target
from imgkit.errors import SettingsError
from imgkit.files.whole import partial_path
from imgkit.model.disk import Reader
from imgkit.safe_text import safe_text
from imgkit.units import describe_bytes


@command(app, "hash")
def hash_guest(
    console: Console,
    *,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="The disk image.")],
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
    force: options.Force = False,
) -> None:
    """Print the root over the SHA-256 of every 4 MiB of the disk; equal roots are equal disks of equal size."""
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
    console.result(_as_text(image, taken, notes), _as_data(image, taken, notes))


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
