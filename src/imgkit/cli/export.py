"""`imgkit export`: start an export of ECS, or join the one that runs, and follow it."""

import time
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.findings import show_findings
from imgkit.cli.surroundings import now, open_services
from imgkit.model.task import ExportTask
from imgkit.pipeline.exporting import ExportChoices, export_to_bucket
from imgkit.stages.export import Waiting


@command(app, "export")
def export(
    console: Console,
    *,
    image_id: Annotated[str, typer.Argument(metavar="IMAGE_ID", help="The custom image, m-….")],
    bucket: options.Bucket = None,
    image_format: Annotated[
        options.ExportFormat, typer.Option("--format", help="Format of the objects; auto is raw, everywhere possible.")
    ] = options.ExportFormat.AUTO,
    prefix: options.Prefix = "",
    role_name: options.RoleName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Let the service check, and export nothing.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the task to itself once it runs.")] = False,
    timeout: options.Timeout = None,
    preflight: options.Preflight = True,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
) -> None:
    """Export a custom image to a bucket: one object for each disk."""
    services = open_services(
        region=region, bucket=bucket, profile=profile, role_name=role_name, ecs_endpoint=ecs_endpoint,
        oss_endpoint=oss_endpoint, cname=cname, internal=internal, accelerate=accelerate,
    )  # fmt: skip
    choices = ExportChoices(
        image_id=image_id, prefix=prefix, image_format=image_format.disk_format, preflight=preflight,
        dry_run=dry_run, wait=not no_wait,
    )  # fmt: skip
    waiting = Waiting(sleep=time.sleep, now=now, timeout_seconds=timeout)
    exported = export_to_bucket(
        services, choices, waiting, progress=console.progress, tell=lambda each: show_findings(console, each)
    )
    if exported.task is None:
        console.result(f"{image_id} could be exported", {"image_id": image_id, "dry_run": "held"})
    else:
        console.result(_as_text(exported.task), _as_data(exported.task))


def _as_text(task: ExportTask) -> str:
    lines = [f"{task.task_id}  {task.state.value}  {task.percent} %"]
    lines += [f"oss://{each.bucket}/{each.key}" for each in task.objects]
    return "\n".join(lines)


def _as_data(task: ExportTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "state": task.state.value,
        "percent": task.percent,
        "objects": [{"bucket": each.bucket, "key": each.key} for each in task.objects],
    }
