"""`imgkit convert`: one disk image into other formats, proven by reading the results back."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.surroundings import now
from imgkit.cli.tables import table
from imgkit.disks.guard import identify
from imgkit.errors import DoneInPart, SettingsError
from imgkit.evidence.image_set import set_of
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage
from imgkit.model.targets import Target
from imgkit.pipeline.converting import Conversion, convert_recorded, require_possible
from imgkit.safe_text import safe_text
from imgkit.tools.ewf import CaseFields
from imgkit.units import describe_bytes

_E01 = "E01"


@command(app, "convert")
def convert(
    console: Console,
    *,
    source: Annotated[Path, typer.Argument(metavar="IMAGE", readable=False, help="The disk image to convert.")],
    to: Annotated[
        list[options.ConvertFormat] | None,
        typer.Option("--to", help="Format of the result; can be given several times."),
    ] = None,
    profile: Annotated[
        list[options.ProfileName] | None,
        typer.Option("--for", help="Hypervisor or cloud that will read it; repeatable."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="The file; a folder with several results or a / at its end."
        ),
    ] = None,
    stated: options.Stated = None,
    allow_backing: options.AllowBacking = None,
    words: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of qemu-img's for that format.")
    ] = None,
    compress: Annotated[bool, typer.Option("--compress", help="Compress, where the format can (qcow2: zstd).")] = False,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Go on where the source cannot be read; each such range is told.")
    ] = False,
    verify: options.Verify = True,
    force: options.Force = False,
    case: Annotated[str, typer.Option("--case", help="Case number.", rich_help_panel=_E01)] = "",
    evidence: Annotated[str, typer.Option("--evidence", help="Evidence number.", rich_help_panel=_E01)] = "",
    examiner: Annotated[str, typer.Option("--examiner", help="Who is at work.", rich_help_panel=_E01)] = "",
    description: Annotated[str, typer.Option("--description", help="What it is.", rich_help_panel=_E01)] = "",
    notes: Annotated[str, typer.Option("--notes", help="What else is to be said.", rich_help_panel=_E01)] = "",
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Convert a disk image; the result has exactly the same disk in it, and that is read back and proven."""
    fields = CaseFields(
        case_number=case, evidence_number=evidence, examiner=examiner, description=description, notes=notes
    )
    targets = options.targets(to, profile)
    recorder = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    _require_e01(fields, targets, in_set=set_of(source) is not None)
    image = DiskImage(path=source, format=stated or identify(source))
    conversions = [
        Conversion(
            image=image,
            path=path,
            target=target,
            options=options.parse_options(words),
            compress=compress,
            salvage=salvage,
            verify=verify,
            overwrite=force,
            allow_backing=allow_backing,
            fields=fields,
        )
        for target, path in _paths(source, output, targets)
    ]
    for each in conversions:
        require_possible(each)  # before the first of them is made, for hours
    results: list[ConvertedImage] = []
    try:
        for each in conversions:
            results.append(convert_recorded(each, now=now, progress=console.progress))  # noqa: PERF401  # one may fail
    finally:  # what was finished before is told, whatever ends the work
        if results:
            made = {"made": [safe_text(each.path.name) for each in results]}
            note_reading(console, source, "convert", recorder, subject=made)
            console.result(_as_text(results), {"images": [_as_data(each) for each in results]})
    lost = sum(extent.length for each in results for extent in each.lost)
    if lost:
        raise DoneInPart(
            f"{describe_bytes(lost)} of {source} could not be read, and are zeroes in the result",
            hint="The ranges are told above, and in the record beside each result.",
        )


def _require_e01(fields: CaseFields, targets: tuple[Target, ...], *, in_set: bool) -> None:
    recorded = {"case", "examiner"} if in_set else set()  # the set's custody takes these two
    lost = [word for word in fields.given() if word not in recorded]
    if lost and not any(target.is_e01 for target in targets):
        raise SettingsError(
            f"--{' and --'.join(lost)} would be written nowhere",
            hint="Only an E01 has such fields: --to e01.",
        )


def _paths(source: Path, output: str | None, targets: tuple[Target, ...]) -> list[tuple[Target, Path]]:
    if output and len(targets) == 1 and not output.endswith(os.sep) and not Path(output).is_dir():
        return [(targets[0], Path(output))]
    folder = Path(output) if output else source.parent
    if output:
        folder.mkdir(parents=True, exist_ok=True)
    return [(each, folder / f"{source.stem}{each.suffix}") for each in targets]


def _as_text(results: list[ConvertedImage]) -> str:
    heads = ("FILE", "DISK", "SAME BYTES")
    rows = [(str(each.path), describe_bytes(each.virtual_size), _proof(each)) for each in results]
    notes = [f"note: {safe_text(note)}" for each in results for note in each.notes]
    lost = [f"not read: {each.length} bytes at {each.start}" for result in results for each in result.lost]
    return "\n".join([table(heads, rows), *notes, *lost])


def _proof(done: ConvertedImage) -> str:
    if not done.proven:
        return "NOT PROVEN"
    return "of what could be read" if done.lost else "proven"


def _as_data(done: ConvertedImage) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "format": done.kind,
        "virtual_size": done.virtual_size,
        "sha256": done.sha256,
        "root": done.chunk_root,
        "proven": done.proven,
        "notes": [safe_text(note) for note in done.notes],
        "lost": [{"start": each.start, "length": each.length} for each in done.lost],
    }
