"""`imgkit bag`: a set as BagIt, for handing it to somebody else."""

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
from imgkit.evidence.bags import MANIFEST
from imgkit.files.placing import Placing
from imgkit.stages.bag import BagDone, BagWish, bag_set
from imgkit.units import describe_bytes


@command(app, "bag")
def bag(
    console: Console,
    *,
    folder: Annotated[Path, typer.Argument(metavar="SET", readable=False, help="The image set.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The bag, a new folder.")],
    copies: Annotated[
        bool, typer.Option("--copy", help="Copy every file, also where it could share its blocks or be a link.")
    ] = False,
    read_all: Annotated[
        bool, typer.Option("--verify", help="At the end read every byte of the bag with bagit's own validator.")
    ] = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Make a bag of what is in the set's record. Its digests are not taken again; what is copied is read back."""
    reader = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    subject = {"bag": output.name}
    done = bag_set(
        folder,
        output,
        BagWish(copies=copies, read_all=read_all),
        custodian=reader.custodian,
        today=now().date(),
        begun=lambda: note_reading(console, folder, "bag-begun", reader, subject=subject),
        say=console.say,
        progress=console.progress,
    )
    note_reading(console, folder, "bag", reader, subject=subject)
    console.result(_as_text(done, read_all=read_all), _as_data(done, read_all=read_all))


def _as_text(done: BagDone, *, read_all: bool) -> str:
    rows = [(str(path), describe_bytes(size), how.value) for path, size, how in done.files]
    lines = [table(("FILE", "SIZE", "IN THE BAG"), rows)]
    if any(how is Placing.LINKED for _, _, how in done.files):
        lines.append("note: a hard link is the same file: whoever changes it in the bag changes it in the set")
    if not read_all and any(how is not Placing.COPIED for _, _, how in done.files):
        lines.append("note: what is not copied was not read again; its digests are those of the record")
    lines += [f"note: {name} lies outside the set, and is not in the bag" for name in done.outside]
    lines.append(f"{done.path} is a bag; the set in it: {done.inside}")
    lines.append(f"Verified there by: sha256sum -c {MANIFEST}, bagit.py --validate, and imgkit check of the set in it")
    return "\n".join(lines)


def _as_data(done: BagDone, *, read_all: bool) -> dict[str, Any]:
    files = [{"path": path.as_posix(), "size": size, "how": how.name.lower()} for path, size, how in done.files]
    return {
        "bag": str(done.path),
        "set": str(done.inside),
        "files": files,
        "outside": list(done.outside),
        "read_all": read_all,
    }
