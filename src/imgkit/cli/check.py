"""`imgkit check`: does an image set, a single file with its record, or what a file of sums names, still hold?"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.check_result import judge, show_result
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.custody import Reading, note_reading, reading
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import SettingsError
from imgkit.evidence.image_set import read_manifest
from imgkit.evidence.signers import read_signers
from imgkit.model.checking import CheckResult
from imgkit.model.cloud_object import ObjectInfo
from imgkit.pipeline.repairing import RepairResult, repair_set
from imgkit.ports import ObjectStore
from imgkit.services import Services
from imgkit.stages.export import Waiting
from imgkit.stages.verify import check_file, check_online, check_set, check_sums, is_sums_file
from imgkit.stages.verify_custody_file import check_custody_file
from imgkit.stages.verify_signatures import check_signatures


@command(app, "check")
def check(
    console: Console,
    *,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="SET|FILE",
            readable=False,
            help="An image set, an archive or disk image, or a file as SHA256SUMS, SHA1SUMS or MD5SUMS.",
        ),
    ],
    deep: Annotated[
        bool, typer.Option("--deep", help="Also unpack archives again, in memory, and hash raw disks from end to end.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the service about the objects and the export task.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Fetch what is damaged of an archive again, and make again what was made from it."
        ),
    ] = False,
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
    oss_endpoint: options.OssEndpoint = None,
    cname: options.Cname = False,
    internal: options.Internal = False,
    accelerate: options.Accelerate = False,
    requester_pays: options.RequesterPays = False,
    signer: Annotated[
        list[Path] | None,
        typer.Option(
            "--signer",
            metavar="FILE",
            help="Whom to trust: SSH public key or allowed signers, minisign public key, PEM of a time stamp CA.",
        ),
    ] = None,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
    custody_file: options.CustodyFile = None,
) -> None:
    """Check every digest, CRC and structure, the record and its custody, each link of the chain by itself.

    Without --repair nothing but the custody line is written.
    """
    reader = reading(examiner=examiner, case=case, reason=reason, custody_file=custody_file)
    signers = read_signers(signer or ())
    if not path.is_dir():
        asked = (("--online", online), ("--repair", repair), ("--signer", signer))
        _check_file(console, path, reader, deep=deep, needs_set=[word for word, is_given in asked if is_given])
        return
    manifest = read_manifest(path)
    services = open_services(
        region=region or (manifest.source.region_id if manifest else None), profile=profile, ecs_endpoint=ecs_endpoint,
        oss_endpoint=oss_endpoint, cname=cname, internal=internal, accelerate=accelerate,
        requester_pays=requester_pays, examiner=examiner, case=case,
    )  # fmt: skip
    repaired: RepairResult | None = None
    if repair:
        waiting = Waiting(sleep=time.sleep, now=now)
        repaired = repair_set(
            services, path, waiting, custodian=reader.custodian, say=console.say, deep=deep, progress=console.progress
        )
        result = repaired.after
    else:
        result = check_set(path, deep=deep, progress=console.progress)
    if online:
        result = result.joined(_asked(path, services))
    result = result.joined(check_signatures(path, signers, services.judges()))
    if custody_file is not None:
        result = result.joined(check_custody_file(custody_file, path))
    note_reading(console, path, "check", reader, subject={"held": result.held})
    show_result(console, path, result, repaired)
    judge(path, result)


def _check_file(console: Console, path: Path, reader: Reading, *, deep: bool, needs_set: Sequence[str]) -> None:
    if needs_set:
        raise SettingsError(
            f"{needs_set[0]} needs an image set, and {path} is none",
            hint="A lone object is checked and mended by imgkit download --verify and --repair.",
        )
    if is_sums_file(path):
        result = check_sums(path, progress=console.progress)
    else:
        result = check_file(path, deep=deep, progress=console.progress)
    note_reading(console, path, "check", reader, subject={"held": result.held})
    show_result(console, path, result, None)
    judge(path, result)


def _asked(path: Path, services: Services) -> CheckResult:
    """Return what the service says now."""
    manifest = read_manifest(path)
    assert manifest is not None

    def store_of(known: ObjectInfo) -> ObjectStore:
        return services.store(known.bucket, version_id=known.version_id)

    return check_online(manifest, store_of=store_of, cloud=services.cloud)
