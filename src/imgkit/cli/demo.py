"""`imgkit demo`: the whole road on this machine, without an account."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.fetch_result import fetch_data
from imgkit.cli.surroundings import now, open_services
from imgkit.cli.tables import output_width
from imgkit.errors import Differs, DoneInPart
from imgkit.model.formats import DiskFormat
from imgkit.pipeline.demonstrating import Demonstration, demonstrate
from imgkit.render.report_json import parse_report
from imgkit.render.terminal import render_summary
from imgkit.stages.export import Waiting

_NEXT = """
Now with a real image:
  imgkit doctor --region REGION --bucket BUCKET        what this machine and these credentials have and lack
  imgkit images --region REGION                        which images can be exported
  imgkit fetch m-... --region REGION --bucket BUCKET --plan
  imgkit fetch m-... --region REGION --bucket BUCKET --to qcow2
  imgkit check m-...                                   at any time later
  imgkit clean m-...                                   what still lies in the bucket
"""


@command(app, "demo")
def demo(
    console: Console,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the loopback cloud and the set.")] = Path(
        "imgkit-demo"
    ),
    to: options.Formats = None,
) -> None:
    """Fetch, prove, convert, check and inspect a small machine from a cloud that runs on this machine alone."""
    services = open_services()
    waiting = Waiting(sleep=time.sleep, now=now)
    chosen = options.formats(to) if to else (DiskFormat.QCOW2,)
    done = demonstrate(output, services.folders, waiting, formats=chosen, say=console.say, progress=console.progress)
    console.result(_as_text(done), _as_data(done))
    if not done.check.held:
        raise Differs(f"{done.result.folder} does not hold", hint=f"See why with: imgkit check {done.result.folder}")
    if done.result.shortfalls:
        raise DoneInPart(f"the demo is not complete: {'; '.join(done.result.shortfalls)}")


def _as_text(done: Demonstration) -> str:
    folder = done.result.folder
    lines = [f"image set {folder}: {len(done.check.links)} links of the chain hold" if done.check.held else ""]
    lines += [f"  {each.path}" for each in done.result.manifest.files()]
    for report in done.result.manifest.reports:
        lines += ["", _summary(folder / report.path)]
    return "\n".join([*lines, _NEXT])


def _summary(report: Path) -> str:
    return render_summary(parse_report(report.read_bytes()), width=output_width()).rstrip()


def _as_data(done: Demonstration) -> dict[str, Any]:
    return {**fetch_data(done.result), "held": done.check.held, "links": len(done.check.links)}
