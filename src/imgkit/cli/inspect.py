"""`imgkit inspect`: what is on a set's disks, or on disk images that belong to one machine."""

from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import note_reading, reading
from imgkit.cli.subjects import choose_subjects, show_subjects
from imgkit.cli.surroundings import now, open_services
from imgkit.cli.tables import output_width
from imgkit.disks.volume_keys import read_volume_keys
from imgkit.errors import DoneInPart
from imgkit.model.report import Report
from imgkit.pipeline.inspecting import Look, disks_of_images, disks_of_set, inspect_machine
from imgkit.pipeline.untouched import require_untouched
from imgkit.render.report_json import report_document
from imgkit.render.terminal import render_summary
from imgkit.render.terminal_tables import render_tables


@command(app, "inspect")
def inspect(
    console: Console,
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SET|IMAGE...", readable=False, help="An image set, or all disks of a machine."),
    ] = None,
    disk: options.Disks = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SUBJECT,...", help="Look at these subjects alone, and at the storage."),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="SUBJECT,...", help="Leave these subjects out.")
    ] = None,
    list_subjects: Annotated[bool, typer.Option("--list", help="List the subjects, and look at nothing.")] = False,
    engine: options.EngineChoice = None,
    key_file: options.KeyFiles = None,
    digests: Annotated[
        bool, typer.Option("--hash", help="Read the images before and after, and prove by SHA-256 that none changed.")
    ] = False,
    emulate: Annotated[bool, typer.Option("--emulate", help="Do not try KVM: use software emulation at once.")] = False,
    include_secrets: Annotated[
        bool, typer.Option("--include-secrets", help="Do not mask passwords and tokens in what the report quotes.")
    ] = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Look into disks without changing them: storage, systems, mounts, packages, kernels, users, data disks."""
    if list_subjects:
        show_subjects(console)
        return
    if not paths:
        raise typer.BadParameter("name an image set, or the disk images of a machine", param_hint="SET|IMAGE...")
    subjects = choose_subjects(only, skip)
    services = open_services()
    reader = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    is_set = len(paths) == 1 and paths[0].is_dir()
    chosen = disks_of_set(paths[0]) if is_set else disks_of_images(paths, options.parse_disks(disk))
    keys = read_volume_keys(key_file or ())
    look = Look(
        engine=engine,
        keys=keys,
        subjects=subjects,
        emulate=emulate,
        digests=digests,
        include_secrets=include_secrets,
    )
    report = inspect_machine(services, chosen, started=now(), look=look, progress=console.progress)
    tools = [(tool.name, tool.version) for tool in report.run.tools]
    for path in paths:
        note_reading(console, path, "inspect", reader, tools=tools)
    _show(console, report)
    require_untouched(report)
    if not report.complete:
        raise DoneInPart(
            "the report is not complete", hint="What is lacking, and why, stands at the end of the report."
        )


def _show(console: Console, report: Report) -> None:
    """Draw only what is asked for: each of the two takes a third of a second for a whole system."""
    if console.json:
        console.result("", report_document(report))
        return
    width = output_width()
    console.result(f"{render_summary(report, width=width)}\n{render_tables(report, width=width)}", {})
