"""`imgkit compare`: are two images the same disk?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.digests import CHUNK_BYTES, is_chunk_digests
from imgkit.disks.guard import identify
from imgkit.errors import Differs
from imgkit.model.disk import DiskImage, Reader
from imgkit.model.formats import DiskFormat
from imgkit.safe_text import safe_text
from imgkit.stages.compare import ImagesCompared, compare_images, compare_with_chunks
from imgkit.units import describe_bytes


@command(app, "compare")
def compare(
    console: Console,
    *,
    first: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="A disk image.")],
    second: Annotated[
        Path, typer.Argument(metavar="IMAGE|CHUNKS", readable=False, help="Another, or a file of chunk digests.")
    ],
    stated: options.Stated = None,
    second_stated: Annotated[
        DiskFormat | None, typer.Option("--second-format", help="The second image's format, where you know it.")
    ] = None,
    allow_backing: options.AllowBacking = None,
    reader: options.Reading = Reader.IMGKIT,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Compare the disks in two images, byte for byte and with their exact sizes; exit code 60 says that they differ."""
    recorder = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    image = DiskImage(path=first, format=stated or identify(first))
    if second_stated is None and is_chunk_digests(second):
        found = compare_with_chunks(
            image, second, allow_backing=allow_backing, reader=reader, progress=console.progress
        )
    else:
        other = DiskImage(path=second, format=second_stated or identify(second))
        found = compare_images(image, other, allow_backing=allow_backing, reader=reader, progress=console.progress)
    for path, other_path in ((first, second), (second, first)):
        subject = {"with": safe_text(other_path.name), "equal": found.is_equal}
        note_reading(console, path, "compare", recorder, subject=subject)
    console.result(_as_text(found), _as_data(first, second, found))
    if not found.is_equal:
        raise Differs(
            f"{first} and {second} are not the same disk: {found.describe()}",
            hint="See what each of them is: imgkit info. Where each chunk begins is in --json.",
        )


def _as_text(found: ImagesCompared) -> str:
    if not found.is_equal:
        return ""
    size = found.comparison.size
    return f"the same disk: {describe_bytes(size)} ({size} bytes)\nroot: {found.roots[0]}"


def _as_data(first: Path, second: Path, found: ImagesCompared) -> dict[str, Any]:
    it = found.comparison
    sides = zip((first, second), (it.size, it.other_size), found.roots, strict=True)
    return {
        "equal": found.is_equal,
        "disks": [{"path": safe_text(str(path)), "size": size, "root": root} for path, size, root in sides],
        "chunk_bytes": CHUNK_BYTES,
        "differing_chunks": it.differing,
        "first_differing_bytes": [number * CHUNK_BYTES for number in it.first_differing],
        "padding_bytes": found.padding_bytes,
    }
