"""`imgkit download`: objects from a bucket, or behind presigned URLs, into a folder."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.fetch_source import read_urls
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import DoneInPart, NoSuchBucketOrObject, SettingsError
from imgkit.evidence.lone import write_lone_record
from imgkit.model.cloud_object import OssLocation
from imgkit.model.download import DownloadedObject
from imgkit.pipeline.lone_records import download_record
from imgkit.pipeline.names import local_name
from imgkit.ports import ObjectStore, RangeSource
from imgkit.services import Services
from imgkit.stages.download import download_object
from imgkit.stages.restore import restore_object
from imgkit.units import describe_bytes

Thaw = Callable[[ObjectStore, str], None]


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
    restore: options.Restore = False,
    jobs: options.Jobs = None,
    part_size: options.PartSize = None,
    region: options.Region = None,
    profile: options.Profile = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
) -> None:
    """Download objects whole and proven against the service's CRC-64; run again, it goes on where it was."""
    services = open_services(
        region=region, profile=profile, oss_endpoint=oss_endpoint, cname=cname, internal=internal, accelerate=accelerate
    )
    results, taken = [], set[str]()
    for key, source in _sources(services, nouns or [], url_file, thaw=_thawing(console) if restore else None):
        name = local_name(key, otherwise="object", taken=taken)
        taken.add(name)
        started = now()
        done = download_object(
            source,
            output / name,
            workspace=output / ".imgkit",
            settings=options.transfer(jobs=jobs, part_size=part_size),
            progress=console.progress,
        )
        write_lone_record(done.path, download_record(done, started, now()))
        results.append(done)
    console.result("\n".join(_line(each) for each in results), {"objects": [_as_data(each) for each in results]})
    unproven = [each.path.name for each in results if not each.crc_proven]
    if unproven:
        raise DoneInPart(
            f"not proven, for the service names no CRC-64: {', '.join(unproven)}",
            hint="Hold their SHA-256 against another source, if there is one.",
        )


def _thawing(console: Console) -> Thaw:
    def thaw(store: ObjectStore, key: str) -> None:
        restore_object(store, key, sleep=time.sleep, progress=console.progress)

    return thaw


def _sources(
    services: Services, nouns: list[str], url_file: Path | None, *, thaw: Thaw | None
) -> Iterator[tuple[str, RangeSource]]:
    if url_file is not None:
        for url in read_urls(url_file):
            source = services.presigned(url)
            yield PurePosixPath(source.label).name, source
        return
    if not nouns:
        raise SettingsError("nothing to download is named", hint="Name oss://bucket/key, or --url-file FILE.")
    for word in nouns:
        yield from _objects(services, word, thaw)


def _objects(services: Services, word: str, thaw: Thaw | None) -> Iterator[tuple[str, RangeSource]]:
    try:
        location = OssLocation.parse(word)
    except ValueError as error:
        raise SettingsError(str(error), hint="Write oss://bucket/key; URLs go into a --url-file.") from error
    store = services.store(location.bucket)
    keys = [location.key]
    if location.is_prefix:
        keys = [each.key for each in store.list_objects(location.key) if not each.key.endswith("/")]
        if not keys:
            raise NoSuchBucketOrObject(f"nothing lies below {location}", hint="Look at the bucket in the console.")
    for key in keys:
        if thaw is not None:
            thaw(store, key)
        yield key, store.source(key)


def _line(done: DownloadedObject) -> str:
    proof = "CRC-64 held" if done.crc_proven else "NOT PROVEN: the service names no CRC-64"
    return f"{done.path}  {describe_bytes(done.size)}  {proof}  SHA-256 {done.sha256}"


def _as_data(done: DownloadedObject) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "size": done.size,
        "sha256": done.sha256,
        "crc64": str(done.crc64),
        "crc_proven": done.crc_proven,
        "fetched_bytes": done.fetched_bytes,
        "reused_bytes": done.reused_bytes,
        "notes": list(done.notes),
    }
