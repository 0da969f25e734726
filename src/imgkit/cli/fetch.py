"""`imgkit fetch`: the whole road, from an image, an object, a URL or an archive to a proven, inspected image set."""

import time
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.fetch_result import show_plan, show_result
from imgkit.cli.fetch_source import Nouns, parse_source
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import DoneInPart, SettingsError
from imgkit.evidence.image_set import read_manifest
from imgkit.model.manifest import SourceKind
from imgkit.model.profiles import PROFILES
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.fetching import fetch as fetch_set
from imgkit.pipeline.planning import plan_fetch
from imgkit.pipeline.request import FetchRequest
from imgkit.stages.export import Waiting


@command(app, "fetch")
def fetch(
    console: Console,
    *,
    nouns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IMAGE_ID|oss://BUCKET/KEY|ARCHIVE]...", help="What to fetch.", show_default=False),
    ] = None,
    url_file: Annotated[
        Path | None, typer.Option("--url-file", help="File with a presigned URL a line, - for standard input.")
    ] = None,
    output: options.Output = None,
    to: options.Formats = None,
    keep: options.KeepWords = "objects,images",
    bucket: options.Bucket = None,
    image_format: Annotated[
        options.ExportFormat, typer.Option("--format", help="Format of the objects, where the region offers it.")
    ] = options.ExportFormat.AUTO,
    profiles: Annotated[
        list[options.SetProfileName] | None,
        typer.Option("--for", help="Hypervisor or cloud that will read the images; repeatable."),
    ] = None,
    prefix: options.Prefix = "",
    role_name: options.RoleName = None,
    disk: options.Disks = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be done and what forbids it, and stop.")
    ] = False,
    preflight: options.Preflight = True,
    reuse: Annotated[bool, typer.Option("--reuse", help="Take an export that is in the bucket already.")] = False,
    restore: options.Restore = False,
    inspect: Annotated[bool, typer.Option("--inspect/--no-inspect", help="Look into the disks at the end.")] = True,
    verify: options.Verify = True,
    tar: options.Tar = TarEngine.AUTO,
    jobs: options.Jobs = None,
    part_size: options.PartSize = None,
    limit_rate: options.LimitRate = None,
    timeout: options.Timeout = None,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
    requester_pays: options.RequesterPays = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
) -> None:
    """Fetch a custom image: export, download, unpack, convert, prove and inspect it. Run again, it goes on."""
    services = open_services(
        region=region, bucket=bucket, profile=profile, role_name=role_name, ecs_endpoint=ecs_endpoint,
        oss_endpoint=oss_endpoint, cname=cname, internal=internal, accelerate=accelerate,
        requester_pays=requester_pays, examiner=examiner, case=case,
    )  # fmt: skip
    parsed = parse_source(
        Nouns(words=tuple(nouns or ()), url_file=url_file, disks=options.parse_disks(disk)), services, prefix
    )
    request = FetchRequest(
        source=parsed.source,
        folder=output or parsed.folder,
        formats=options.formats(to) if to or not profiles else (),
        profiles=tuple(PROFILES[name] for name in dict.fromkeys(profiles or ())),
        keep=options.parse_keep(keep),
        assigned=parsed.assigned,
        urls=parsed.urls,
        archives=parsed.archives,
        image_format=image_format.disk_format,
        preflight=preflight,
        reuse=reuse,
        restore=restore,
        inspect=inspect,
        verify=verify,
        tar_engine=tar,
        transfer=options.transfer(jobs=jobs, part_size=part_size, limit_rate=limit_rate),
    )
    if plan:
        _refuse_planning(request)
        show_plan(console, request, *plan_fetch(services, request))
        return
    waiting = Waiting(sleep=time.sleep, now=now, timeout_seconds=timeout)
    settled = services.settings
    who = options.custodian(examiner=settled.examiner, case=settled.case, reason=reason)
    result = fetch_set(services, request, waiting, custodian=who, say=console.say, progress=console.progress)
    show_result(console, result)
    if result.error is not None:
        raise result.error
    if result.shortfalls:
        raise DoneInPart(
            f"{request.folder} is not complete: {'; '.join(result.shortfalls)}",
            hint="What is there is proven. The same command tries the rest again.",
        )


def _refuse_planning(request: FetchRequest) -> None:
    """A plan is of an export: where there is none to be, say so instead of what would come of asking."""
    if request.source.kind is not SourceKind.IMAGE:
        raise SettingsError(
            "--plan shows the export of an image id, and nothing is exported here",
            hint="Fetch without --plan: room is looked at before anything is downloaded.",
        )
    known = read_manifest(request.folder)
    if known is not None and known.disks and known.source.is_same_as(request.source):
        raise SettingsError(
            f"{request.folder} has this image's objects already, so there is no export to plan",
            hint="Fetch without --plan goes on with it, or says that it is finished.",
        )
