"""`imgkit download`: objects from a bucket, or behind presigned URLs, into a folder."""

import time
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.download_nouns import ObjectNouns, Thaw, find_objects
from imgkit.cli.download_result import show_checked, show_downloaded, show_mended
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import SettingsError
from imgkit.pipeline.downloading import Downloads
from imgkit.ports import ObjectStore
from imgkit.stages.restore import restore_object


@command(app, "download")
def download(
    console: Console,
    *,
    nouns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[oss://BUCKET/KEY]...", help="Objects; a prefix ends in /."),
    ] = None,
    url_file: Annotated[
        Path | None, typer.Option("--url-file", help="File with a presigned URL a line, - for standard input.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the objects.")] = Path(),
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Hold what is here against the service's CRC-64, and fetch nothing.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Look for damaged parts in what is here, and fetch only those.")
    ] = False,
    version_id: Annotated[str, typer.Option("--version-id", help="Version of the object, if not the newest.")] = "",
    restore: options.Restore = False,
    jobs: options.Jobs = None,
    part_size: options.PartSize = None,
    limit_rate: options.LimitRate = None,
    region: options.Region = None,
    profile: options.Profile = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
    requester_pays: options.RequesterPays = False,
) -> None:
    """Download objects whole and proven against the service's CRC-64; run again, it goes on where it was."""
    if check_only and repair:
        raise SettingsError("--check-only fetches nothing, and --repair does", hint="Leave one of them out.")
    services = open_services(
        region=region, profile=profile, oss_endpoint=oss_endpoint, cname=cname, internal=internal,
        accelerate=accelerate, requester_pays=requester_pays,
    )  # fmt: skip
    settings = options.transfer(jobs=jobs, part_size=part_size, limit_rate=limit_rate)
    asked = ObjectNouns(words=tuple(nouns or ()), url_file=url_file, version_id=version_id)
    wanted = find_objects(
        services, asked, rule=settings.retry_rule, thaw=_thawing(console) if restore else None, say=console.say
    )
    downloads = Downloads(folder=output, settings=settings, progress=console.progress, now=now)
    if check_only:
        show_checked(console, downloads.check(wanted))
    elif repair:
        show_mended(console, downloads.mend(wanted))
    else:
        show_downloaded(console, downloads.fetch(wanted))


def _thawing(console: Console) -> Thaw:
    def thaw(store: ObjectStore, key: str) -> None:
        restore_object(store, key, sleep=time.sleep, progress=console.progress)

    return thaw
