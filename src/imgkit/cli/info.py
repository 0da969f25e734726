"""`imgkit info`: what a disk image is, by its content."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.header_words import header_as_data, header_as_text
from imgkit.cli.tables import table
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.headers.header import ImageHeader
from imgkit.model.disk import Extent, Reader


@command(app, "info")
def info(
    console: Console,
    *,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="The disk image.")],
    extents: Annotated[
        bool, typer.Option("--map", help="Also list which parts of the disk are data and which are zeroes.")
    ] = False,
    stated: options.Stated = None,
    allow_backing: options.AllowBacking = None,
    reader: options.Reading = Reader.IMGKIT,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Say what a disk image is: format, sizes, and what its header tells. Its name is never asked."""
    recorder = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    header = read_header(image, stated=stated, allow_backing=allow_backing)
    text, data = header_as_text(header), header_as_data(header)
    if extents:
        found = list(_extents(header, reader))
        rows = [(str(each.start), str(each.length), each.kind.value) for each in found]
        text = f"{text}\n\n{table(('START', 'LENGTH', 'READS AS'), rows)}"
        data["map"] = [{"start": each.start, "length": each.length, "kind": each.kind.value} for each in found]
    note_reading(console, image, "info", recorder)
    console.result(text, data)


def _extents(header: ImageHeader, reader: Reader) -> Iterator[Extent]:
    with open_guarded(header, reader=reader) as view:
        yield from view.extents()
