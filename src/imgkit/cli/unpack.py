"""`imgkit unpack`: an archive becomes a sparse disk image."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.surroundings import now
from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.lone import write_lone_record
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import folder_for_results
from imgkit.interruptions import completing
from imgkit.model.unpacked import TarEngine, UnpackedDisk
from imgkit.pipeline.lone_records import unpacked_record
from imgkit.safe_text import safe_text
from imgkit.stages.unpack import unpack_archive
from imgkit.units import GiB, describe_bytes

_PACKED = (".gz", ".xz", ".bz2", ".zst", "")
_ENDINGS = (".tgz", ".txz", ".tbz2", ".tbz", ".tzst", *(f".tar{end}" for end in _PACKED), *_PACKED[:-1])
_DISK_ENDINGS = (".raw", ".img", ".dd", ".vhd", ".vpc", ".qcow2", ".vdi", ".vmdk")


def _digest(words: str | None) -> str | None:
    """Read the digest that the archive must have."""
    digest = (words or "").strip().lower()
    if words is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise typer.BadParameter("a SHA-256 has 64 hexadecimal digits")
    return digest or None


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
        int | None, typer.Option("--max-size", metavar="GIB", min=1, help="Refuse a disk larger than this many GiB.")
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option("--sha256", metavar="DIGEST", callback=_digest, help="The SHA-256 that the archive must have."),
    ] = None,
    tar: options.Tar = TarEngine.AUTO,
    force: options.Force = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Unpack the one disk of an archive, sparse, with its digests; nothing else in it is written."""
    started = now()
    recorder = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    if sha256 is not None:
        _require_digest(archive, sha256, console)
    name = _stem(archive)
    is_disk_name = name.lower().endswith(_DISK_ENDINGS)
    with completing(is_the_end=True):
        with folder_for_results(output or archive.parent) as folder:
            done = unpack_archive(
                archive,
                folder / (name if is_disk_name else f"{name}.raw"),
                engine=tar,
                member=member,
                max_bytes=None if max_size is None else max_size * GiB,
                overwrite=force,
                name_by_format=not is_disk_name,
                progress=console.progress,
            )
        write_lone_record(done.path, unpacked_record(done, archive, started, now()))
        note_reading(console, archive, "unpack", recorder, subject={"made": [safe_text(done.path.name)]})
        console.result("\n".join(_lines(done)), _told(done))


def _told(done: UnpackedDisk) -> Mapping[str, Any]:
    return {
        "path": str(done.path),
        "format": done.format.value,
        "size": done.size,
        "data_bytes": done.data_bytes,
        "sha256": done.sha256,
        "root": done.chunks.root,
        "member": done.member_name,
        "engine": done.engine.value,
        "archive_kind": done.archive_kind.value,
        "notes": list(done.notes),
        "companions": list(done.companions),
    }


def _lines(done: UnpackedDisk) -> Iterator[str]:
    size, data = describe_bytes(done.size), describe_bytes(done.data_bytes)
    yield f"{safe_text(str(done.path))}: {done.format.value}, {size}, {data} of data"
    yield f"SHA-256 {done.sha256}"
    yield from (f"note: {note}" for note in done.notes)
    yield from (f"left in the archive: {name}" for name in done.companions)


def _require_digest(archive: Path, wanted: str, console: Console) -> None:
    try:
        found = measure_file(archive, progress=console.progress, title="SHA-256").sha256
    except OSError as error:
        raise NotAccessible(f"cannot read {archive}: {error.strerror}", hint="Check its name and rights.") from error
    if found != wanted:
        raise Differs(
            f"{archive} has the SHA-256 {found}, not {wanted}", hint="Fetch it again; nothing was unpacked from it."
        )


def _stem(archive: Path) -> str:
    """Return the archive's name without what makes it an archive."""
    for ending in _ENDINGS:
        if archive.name.lower().endswith(ending) and len(archive.name) > len(ending):
            return archive.name[: -len(ending)]
    return archive.name
