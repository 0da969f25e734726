"""`imgkit convert`: one disk image into other formats, proven by reading the results back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import now
from imgkit.cli.tables import table
from imgkit.disks.guard import identify
from imgkit.errors import SettingsError
from imgkit.evidence.lone import write_lone_record
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.pipeline.lone_records import image_record
from imgkit.stages.convert import convert_image
from imgkit.units import describe_bytes


@command(app, "convert")
def convert(
    console: Console,
    *,
    source: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="The disk image to convert.")],
    to: options.Formats = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file, or with several --to a folder."),
    ] = None,
    stated: options.Stated = None,
    allow_backing: options.AllowBacking = None,
    compress: Annotated[bool, typer.Option("--compress", help="Compress, where the format can (qcow2: zstd).")] = False,
    verify: options.Verify = True,
    force: options.Force = False,
) -> None:
    """Convert a disk image; the result has exactly the same disk in it, and that is read back and proven."""
    if not to:
        raise SettingsError("no format is named", hint="Say --to qcow2, or vhd, vdi, vmdk, raw.")
    image = DiskImage(path=source, format=stated or identify(source))
    targets = _targets(source, output, options.formats(to))
    results = []
    for wanted, target in targets.items():
        started = now()
        done = convert_image(
            image,
            target,
            to=wanted,
            verify=verify,
            overwrite=force,
            compress=compress,
            allow_backing=allow_backing,
            progress=console.progress,
        )
        write_lone_record(done.path, image_record(done, source, started, now()))
        results.append(done)
    console.result(_as_text(results), {"images": [_as_data(each) for each in results]})


def _targets(source: Path, output: Path | None, formats: tuple[DiskFormat, ...]) -> dict[DiskFormat, Path]:
    if output is not None and len(formats) == 1 and not output.is_dir():
        return {formats[0]: output}
    folder = output or source.parent
    if output is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return {each: folder / f"{source.stem}{each.suffix}" for each in formats}


def _as_text(results: list[ConvertedImage]) -> str:
    heads = ("FILE", "DISK", "SAME BYTES")
    rows = [
        (str(each.path), describe_bytes(each.virtual_size), "proven" if each.proven else "NOT PROVEN")
        for each in results
    ]
    notes = [f"note: {note}" for each in results for note in each.notes]
    return "\n".join([table(heads, rows), *notes])


def _as_data(done: ConvertedImage) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "format": done.format.value,
        "virtual_size": done.virtual_size,
        "sha256": done.sha256,
        "root": done.chunk_root,
        "proven": done.proven,
        "notes": list(done.notes),
    }
