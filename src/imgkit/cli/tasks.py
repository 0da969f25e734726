"""`imgkit tasks`: list, show, watch and cancel export tasks."""

import time
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import now, open_services
from imgkit.cli.tables import table
from imgkit.errors import CloudError
from imgkit.model.task import ExportTask
from imgkit.ports import AnswerInDoubt
from imgkit.safe_text import safe_text
from imgkit.stages.export import Waiting, follow_export
from imgkit.units import format_utc

tasks_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(tasks_app, name="tasks", help="List, show, watch and cancel export tasks.")

TaskId = Annotated[str, typer.Argument(metavar="TASK_ID", help="The task, t-….")]


@command(tasks_app, "list")
def list_tasks(
    console: Console,
    *,
    image_id: Annotated[str, typer.Option("--image", help="Only tasks of this image.")] = "",
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
) -> None:
    """List the export tasks of a region, the newest first."""
    services = open_services(region=region, profile=profile, ecs_endpoint=ecs_endpoint)
    found = list(services.cloud().export_tasks(image_id=image_id))
    rows = [(each.task_id, each.image_id, each.state.value, _time(each)) for each in found]
    text = table(("TASK", "IMAGE", "STATE", "CREATED"), rows) or "no export tasks here"
    console.result(text, {"tasks": [_as_data(each) for each in found], "region": services.region})


@command(tasks_app, "show")
def show_task(
    console: Console,
    *,
    task_id: TaskId,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
) -> None:
    """Show one task: how far it is, its objects, and why it failed."""
    services = open_services(region=region, profile=profile, ecs_endpoint=ecs_endpoint)
    task = services.cloud().task(task_id)
    console.result(_as_text(task), _as_data(task))


@command(tasks_app, "watch")
def watch_task(
    console: Console,
    *,
    task_id: TaskId,
    timeout: options.Timeout = None,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
) -> None:
    """Follow one task to its end."""
    services = open_services(region=region, profile=profile, ecs_endpoint=ecs_endpoint)
    waiting = Waiting(sleep=time.sleep, now=now, timeout_seconds=timeout)
    task = follow_export(
        services.cloud(), task_id, waiting, progress=console.progress, explain=services.explain_task_failure
    )
    console.result(_as_text(task), _as_data(task))


@command(tasks_app, "cancel")
def cancel_task(
    console: Console,
    *,
    task_id: TaskId,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
) -> None:
    """Cancel one running task."""
    services = open_services(region=region, profile=profile, ecs_endpoint=ecs_endpoint)
    cloud = services.cloud()
    try:
        cloud.cancel(task_id)
    except AnswerInDoubt as doubt:
        raise CloudError(
            f"no answer came to CancelTask of {task_id} ({doubt})", hint="Look with: imgkit tasks show, and try again."
        ) from doubt
    task = cloud.task(task_id)
    console.result(f"{task_id} is being cancelled (now {task.status_word})", _as_data(task))


def _time(task: ExportTask) -> str:
    return f"{task.created:%Y-%m-%d %H:%M} UTC" if task.created else ""


def _as_text(task: ExportTask) -> str:
    lines = [f"{task.task_id}  {safe_text(task.status_word)}  {task.percent} %  {_time(task)}"]
    lines += [f"oss://{each.bucket}/{safe_text(each.key)}" for each in task.objects]
    lines += [f"failed: {safe_text(each.code)}: {safe_text(each.message)}" for each in task.failures]
    return "\n".join(lines)


def _as_data(task: ExportTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "image_id": task.image_id,
        "state": task.state.value,
        "status": task.status_word,
        "percent": task.percent,
        "cancellable": task.cancellable,
        "created": format_utc(task.created) if task.created else None,
        "finished": format_utc(task.finished) if task.finished else None,
        "objects": [{"bucket": each.bucket, "key": each.key} for each in task.objects],
        "failures": [{"code": each.code, "message": each.message} for each in task.failures],
    }
