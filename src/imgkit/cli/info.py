"""`imgkit info`: what a disk image is, by its content."""

from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.disks.guard import read_header
from imgkit.model.formats import DiskFormat
from imgkit.safe_text import safe_text
from imgkit.units import describe_bytes


@command(app, "info")
def info(
    console: Console,
    *,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="The disk image.")],
    stated: Annotated[DiskFormat | None, typer.Option("--format", help="Its format, where you know it.")] = None,
) -> None:
    """Say what a disk image is: format, sizes, and what its header tells. Its name is never asked."""
    header = read_header(image, stated=stated)
    stat = image.stat()
    told = {
        "path": str(image),
        "format": header.format.value,
        "subformat": safe_text(header.subformat),
        "virtual_size": header.virtual_size,
        "file_size": stat.st_size,
        "allocated_bytes": stat.st_blocks * 512,
        "creator": safe_text(header.creator),
        "encrypted": header.encrypted,
        "notes": [safe_text(note) for note in header.notes],
    }
    lines = [
        f"{safe_text(str(image))}: {told['format']} {told['subformat']}".rstrip(),
        f"disk:  {describe_bytes(header.virtual_size)} ({header.virtual_size} bytes)",
        f"file:  {describe_bytes(stat.st_size)}, of which {describe_bytes(stat.st_blocks * 512)} take room",
    ]
    lines += [f"made by {told['creator']}"] if told["creator"] else []
    console.result("\n".join([*lines, *(f"note: {safe_text(note)}" for note in header.notes)]), told)
