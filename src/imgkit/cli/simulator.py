"""`imgkit simulator`: the loopback ECS and OSS alone."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.simulator.simulator import Simulator


@command(app, "simulator")
def simulator(
    console: Console,
    *,
    root: Annotated[Path, typer.Option("--root", help="Folder with the disks of images, and where buckets are kept.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 is any free one.")] = 0,
) -> None:
    """Run an ECS and an OSS on this machine's loopback, for trying and testing; it ends with Ctrl-C."""
    with Simulator(root, port=port) as running:
        sys.stdout.write(json.dumps(running.describe(), sort_keys=True) + "\n")
        sys.stdout.flush()
        console.say("the loopback cloud runs until Ctrl-C")
        signal.pause()
