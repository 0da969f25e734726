"""`imgkit unpack`: an archive becomes a sparse disk image."""

from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import now
from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.lone import write_lone_record
from imgkit.evidence.measuring import measure_file
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.lone_records import unpacked_record
from imgkit.stages.unpack import unpack_archive
from imgkit.units import GiB, describe_bytes

_ENDINGS = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar", ".gz", ".xz", ".bz2")


@command(app, "unpack")
def unpack(
    console: Console,
    *,
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", readable=False, help="The archive, as .raw.tar.gz.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the disk image.")] = None,
    member: Annotated[
        str | None,
        typer.Option("--member", help="Which member, where there are several disks; as the message names it."),
    ] = None,
    max_size: Annotated[
        int | None, typer.Option("--max-size", metavar="GIB", min=1, help="Refuse a disk larger than this.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="DIGEST", help="The digest that the archive must have.")
    ] = None,
    tar: options.Tar = TarEngine.AUTO,
    force: options.Force = False,
) -> None:
    """Unpack the one disk of an archive, sparse, with its digests; nothing else in it is written."""
    started = now()
    if sha256 is not None:
        _require_digest(archive, sha256, console)
    folder = output or archive.parent
    folder.mkdir(parents=True, exist_ok=True)
    done = unpack_archive(
        archive,
        folder / _name(archive),
        engine=tar,
        member=member,
        max_bytes=None if max_size is None else max_size * GiB,
        overwrite=force,
        progress=console.progress,
    )
    write_lone_record(done.path, unpacked_record(done, archive, started, now()))
    told = {
        "path": str(done.path),
        "format": done.format.value,
        "size": done.size,
        "sha256": done.sha256,
        "root": done.chunks.root,
        "member": done.member_name,
        "engine": done.engine.value,
        "notes": list(done.notes),
        "companions": list(done.companions),
    }
    lines = [
        f"{done.path}: {done.format.value}, {describe_bytes(done.size)}, {describe_bytes(done.data_bytes)} of data",
        f"SHA-256 {done.sha256}",
        *(f"note: {note}" for note in done.notes),
        *(f"left in the archive: {name}" for name in done.companions),
    ]
    console.result("\n".join(lines), told)


def _require_digest(archive: Path, wanted: str, console: Console) -> None:
    try:
        found = measure_file(archive, progress=console.progress, title="SHA-256").sha256
    except OSError as error:
        raise NotAccessible(f"cannot read {archive}: {error.strerror}", hint="Check its name and rights.") from error
    if found != wanted.strip().lower():
        raise Differs(
            f"{archive} has the SHA-256 {found}, not {wanted}", hint="Fetch it again; nothing was unpacked from it."
        )


def _name(archive: Path) -> str:
    """Return the archive's name without what makes it an archive; a disk image without an ending gets `.raw`."""
    for ending in _ENDINGS:
        if archive.name.lower().endswith(ending) and len(archive.name) > len(ending):
            stem = archive.name[: -len(ending)]
            return stem if "." in stem else f"{stem}.raw"
    return f"{archive.name}.raw"
