"""`imgkit doctor`: what this machine, these credentials and this bucket have and lack, and what mends it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.findings import as_data, describe
from imgkit.cli.surroundings import now, open_services
from imgkit.pipeline.examining import examine_cloud, examine_machine
from imgkit.pipeline.exporting import raise_refusal
from imgkit.version import __version__


@command(app, "doctor")
def doctor(
    console: Console,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder whose file system is looked at.")] = Path(),
    region: options.Region = None,
    bucket: options.Bucket = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
) -> None:
    """Look at programs, libguestfs, KVM and disk; with a region also at credentials, rights, endpoint and clock."""
    services = open_services(
        region=region, bucket=bucket, profile=profile, ecs_endpoint=ecs_endpoint, oss_endpoint=oss_endpoint,
        cname=cname, internal=internal, accelerate=accelerate,
    )  # fmt: skip
    findings = examine_machine(services, output)
    if services.settings.region or services.settings.bucket or services.settings.profile:
        findings += examine_cloud(services, now)
    lines = [f"imgkit {__version__}, Python {sys.version.split()[0]} on {sys.platform}", *map(describe, findings)]
    console.result("\n".join(lines), {"imgkit": __version__, "findings": as_data(findings)})
    raise_refusal(findings)
