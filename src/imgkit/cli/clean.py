"""`imgkit clean`: remove from the bucket exactly the objects that a set came from, once the set is proven."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import Differs, SettingsError
from imgkit.evidence.image_set import ImageSet, open_image_set, read_manifest
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import FileKind, Manifest, Outcome, SourceKind
from imgkit.stages.clean import delete_object, find_leftovers, objects_of
from imgkit.stages.verify import SERVICE_CRC, check_set
from imgkit.units import describe_bytes


@command(app, "clean")
def clean(
    console: Console,
    *,
    folder: Annotated[Path, typer.Argument(metavar="SET", readable=False, help="The set whose objects shall go.")],
    yes: options.Yes = False,
    region: options.Region = None,
    profile: options.Profile = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
) -> None:
    """Delete this set's objects from the bucket, after the set was checked and you have agreed."""
    manifest = _proven_manifest(console, folder)
    source = manifest.source
    if source.kind is SourceKind.URL:
        raise SettingsError(
            f"{folder} came from presigned URLs, which allow no deleting", hint="Ask whoever made the URLs."
        )
    services = open_services(
        region=region or source.region_id, profile=profile, oss_endpoint=oss_endpoint, cname=cname,
        internal=internal, accelerate=accelerate, examiner=examiner, case=case,
    )  # fmt: skip
    objects = objects_of(manifest)
    if not objects:
        raise SettingsError(f"{folder} did not come from a bucket", hint="There is nothing to remove.")
    left = find_leftovers(services.store, objects)
    if not _agreed(console, left.there, yes=yes):
        console.result("nothing is removed", {"removed": [], "gone_before": list(left.gone)})
        return
    settled = services.settings
    who = options.custodian(examiner=settled.examiner, case=settled.case, reason=reason)
    with open_image_set(folder, source, custodian=who, now=now) as image_set:
        for each in left.there:  # one after the other, so that the record knows how far it came whatever happens
            _record(image_set, "clean-begun", each)
            delete_object(services.store, each)
            _record(image_set, "clean", each, removed=True)
    keys = [each.url for each in left.there]
    console.result(f"removed {len(keys)} objects", {"removed": keys, "gone_before": list(left.gone)})


def _proven_manifest(console: Console, folder: Path) -> Manifest:
    """Return the manifest of a set that holds and whose disks can be had without the bucket."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made.")
    bare = [str(disk.role) for disk in manifest.disks if not (disk.file(FileKind.IMAGE) or disk.file(FileKind.ARCHIVE))]
    if bare or manifest.missing or not manifest.disks:
        raise SettingsError(
            f"{folder} does not hold every disk ({', '.join(bare) or 'some are missing'}), so nothing is removed",
            hint="Finish it with the same imgkit fetch as before.",
        )
    result = check_set(folder, progress=console.progress)
    unknown = [each for each in result.of(Outcome.UNDETERMINED) if each.link != SERVICE_CRC]
    if result.of(Outcome.FAILED) or unknown:
        raise Differs(f"{folder} does not hold, so nothing is removed", hint=f"See why with: imgkit check {folder}")
    return manifest


def _agreed(console: Console, objects: tuple[ObjectInfo, ...], *, yes: bool) -> bool:
    for each in objects:
        console.say(f"{each.url}  {describe_bytes(each.size)}")
    if yes or not objects:
        return True
    sys.stderr.write(f"Delete these {len(objects)} objects for good? [y/N]: ")  # typer.confirm writes to stdout too
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise SettingsError(
            "nobody answered whether the objects shall be deleted, so nothing is removed",
            hint="Where nobody can be asked, agree beforehand with --yes.",
        )
    return answer.strip().lower() in {"y", "yes"}


def _record(image_set: ImageSet, event: str, info: ObjectInfo, *, removed: bool = False) -> None:
    known = image_set.manifest
    manifest = replace(known, removed=tuple(sorted({*known.removed, info.url}))) if removed else known
    image_set.record(event, manifest, subject={"object": info.url, "etag": info.etag})
