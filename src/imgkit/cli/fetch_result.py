"""How a fetch ends, and how a plan is shown."""

from collections.abc import Iterator
from typing import Any

from imgkit.cli.console import Console
from imgkit.cli.findings import as_data, describe
from imgkit.cli.tables import table
from imgkit.model.image import CustomImage
from imgkit.model.manifest import DiskRecord, FileKind, FileState
from imgkit.model.preflight import Finding
from imgkit.pipeline.exporting import raise_refusal
from imgkit.pipeline.fetching import FetchResult
from imgkit.pipeline.request import FetchRequest
from imgkit.units import describe_bytes


def show_result(console: Console, result: FetchResult) -> None:
    """Tell what lies in the set, how it was proven, and what still lies in the bucket."""
    lines = [f"{result.folder} is finished already; nothing was to be done"] if result.already_done else []
    lines += [f"image set {result.folder}", "", *_disk_lines(result)]
    if result.manifest.reports:
        lines += ["", f"report: {result.folder / result.manifest.reports[0].path}"]
    lines += ["", f"look whether it still holds:  imgkit check {result.folder}"]
    if result.in_bucket:
        size = describe_bytes(sum(each.size for each in result.in_bucket))
        lines += [
            f"still in the bucket and billed: {len(result.in_bucket)} objects, {size}",
            *(f"  {each.url}" for each in result.in_bucket),
            f"remove exactly these:         imgkit clean {result.folder}",
        ]
    console.result("\n".join(lines), fetch_data(result))


def show_plan(console: Console, request: FetchRequest, image: CustomImage, findings: tuple[Finding, ...]) -> None:
    """Show everything that was looked at; a refusal ends with its exit code."""
    rows = [(disk.role.name, disk.device, describe_bytes(disk.size_bytes)) for disk in image.disks]
    lines = [
        f"image {image.image_id} in {image.region_id}: {image.os_name or image.platform or image.os_type}",
        table(("DISK", "DEVICE", "SIZE"), rows),
        f"into {request.folder}, as {', '.join(each.name for each in request.targets)}",
        "",
        *(describe(each) for each in findings),
    ]
    plan = {"image_id": image.image_id, "folder": str(request.folder), "findings": as_data(findings)}
    console.result("\n".join(lines), plan)
    raise_refusal(findings)


def _disk_lines(result: FetchResult) -> Iterator[str]:
    """Tell each disk with the digest of its bytes, which no terminal is too narrow for, and its files below."""
    for disk in result.manifest.disks:
        size, digest = (describe_bytes(disk.guest.size), disk.guest.sha256) if disk.guest else ("?", "not known")
        yield f"{disk.role.name}, {size}, SHA-256 of its bytes {digest}"
        yield from (f"  {name}" for name in _files_of(disk))


def _files_of(disk: DiskRecord) -> Iterator[str]:
    for each in disk.files:
        if each.state is FileState.KEPT and each.kind in {FileKind.IMAGE, FileKind.ARCHIVE}:
            yield each.path.as_posix()


def fetch_data(result: FetchResult) -> dict[str, Any]:
    """Return a fetch for --json."""
    return {
        "folder": str(result.folder),
        "already_done": result.already_done,
        "complete": not result.shortfalls,
        "shortfalls": list(result.shortfalls),
        "disks": [
            {
                "role": disk.role.name,
                "size": disk.guest.size if disk.guest else None,
                "root": disk.guest.root if disk.guest else None,
                "sha256": disk.guest.sha256 if disk.guest else None,
                "files": [
                    {"path": each.path.as_posix(), "kind": each.kind.value, "size": each.size, "sha256": each.sha256}
                    for each in disk.files
                    if each.state is FileState.KEPT
                ],
            }
            for disk in result.manifest.disks
        ],
        "reports": [each.path.as_posix() for each in result.manifest.reports],
        "in_bucket": [each.url for each in result.in_bucket],
    }
