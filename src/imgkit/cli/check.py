"""`imgkit check`: does an image set, or a single file with its record, still hold?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.surroundings import open_services
from imgkit.cli.tables import table
from imgkit.errors import Differs, DoneInPart, SettingsError
from imgkit.evidence.signers import read_signers
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.stages.verify import check_file, check_set
from imgkit.stages.verify_custody_file import check_custody_file
from imgkit.stages.verify_signatures import check_signatures

_WORDS = {Outcome.HELD: "held", Outcome.FAILED: "DIFFERS", Outcome.UNDETERMINED: "could not look"}


@command(app, "check")
def check(
    console: Console,
    *,
    path: Annotated[
        Path,
        typer.Argument(metavar="SET|FILE", readable=False, help="An image set, or a file with its record."),
    ],
    signer: Annotated[
        list[Path] | None,
        typer.Option(
            "--signer",
            metavar="FILE",
            help="Whom to trust: SSH public key or allowed signers, minisign public key, PEM of a time stamp CA.",
        ),
    ] = None,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Check every digest, CRC and structure, the record and its custody; nothing but the custody line is written."""
    reader = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    signers = read_signers(signer or ())
    is_set = path.is_dir()
    if signers and not is_set:
        raise SettingsError(f"{path} is no image set, and only sets are signed", hint="Name the set's folder.")
    result = check_set(path, progress=console.progress) if is_set else check_file(path, progress=console.progress)
    if is_set:
        result = result.joined(check_signatures(path, signers, open_services().judges()))
        result = result.joined(check_custody_file(custody_file, path)) if custody_file is not None else result
    note_reading(console, path, "check", reader, subject={"held": result.held})
    console.result(_as_text(path, result), _as_data(path, result))
    _judge(path, result)


def _judge(path: Path, result: CheckResult) -> None:
    failed, unknown = result.of(Outcome.FAILED), result.of(Outcome.UNDETERMINED)
    if failed:
        raise Differs(
            f"{path} does not hold: {_describe(failed[0])}" + (f", and {len(failed) - 1} more" if failed[1:] else ""),
            hint="What differs is named above. An archive that holds can be unpacked again with imgkit fetch.",
        )
    if unknown:
        raise DoneInPart(f"{path}: {_describe(unknown[0])}", hint="All that could be looked at holds.")


def _describe(link: LinkOutcome) -> str:
    return f"{link.subject}: {link.link}: {link.detail}"


def _as_text(path: Path, result: CheckResult) -> str:
    rows = [(_WORDS[link.outcome], link.subject, link.link, link.detail) for link in result.links]
    lines = [table(("OUTCOME", "WHAT", "LINK", ""), rows), *(f"note: {note}" for note in result.notes)]
    if result.held:
        count = len(result.links)
        lines.append(f"{path} holds: {count} link{'' if count == 1 else 's'}")
    return "\n".join(lines)


def _as_data(path: Path, result: CheckResult) -> dict[str, Any]:
    return {
        "path": str(path),
        "held": result.held,
        "links": [
            {"subject": each.subject, "link": each.link, "outcome": each.outcome.value, "detail": each.detail}
            for each in result.links
        ],
        "notes": list(result.notes),
    }
