"""The pre-flight of a whole fetch: the cloud's rules, this machine's room, and what will be billed."""

from collections.abc import Sequence

from imgkit.files.abilities import probe_folder
from imgkit.model.image import CustomImage
from imgkit.model.manifest import DiskRecord
from imgkit.model.preflight import Finding, PlannedDisk, Severity
from imgkit.model.task import ExportRequest
from imgkit.pipeline.exporting import ExportChoices, examine_format, export_request
from imgkit.pipeline.request import FetchRequest
from imgkit.services import Services
from imgkit.stages.preflight import examine_export
from imgkit.stages.room import examine_room
from imgkit.units import describe_bytes


def plan_fetch(services: Services, request: FetchRequest) -> tuple[CustomImage, tuple[Finding, ...]]:
    """Look at everything that `fetch` would look at before it spends anything; nothing is changed."""
    cloud = services.cloud()
    image = cloud.image(request.source.image_id)
    export = fetch_export_request(services, request)
    findings = [
        *examine_export(cloud, services.store(export.bucket), image, export, reuse=request.reuse),
        *examine_format(services.region, request.image_format),
        *room_before(request, image),
        *costs(image),
    ]
    return image, tuple(findings)


def fetch_export_request(services: Services, request: FetchRequest) -> ExportRequest:
    """Return what ExportImage would be asked."""
    choices = ExportChoices(
        image_id=request.source.image_id, prefix=request.source.prefix, image_format=request.image_format
    )
    return export_request(services, choices)


def room_before(request: FetchRequest, image: CustomImage) -> Sequence[Finding]:
    """Hold the target folder against disks of which only the virtual size is known."""
    planned = [PlannedDisk(role=disk.role, virtual_bytes=disk.size_bytes) for disk in image.disks]
    return tuple(examine_room(probe_folder(request.folder), planned, [each.format for each in request.targets]))


def room_after(request: FetchRequest, disks: Sequence[DiskRecord], *, have_bytes: int) -> Sequence[Finding]:
    """Hold the target folder against disks whose objects are known to the byte."""
    planned = [
        PlannedDisk(
            role=disk.role,
            virtual_bytes=disk.guest.size if disk.guest else disk.expected_bytes,
            archive_bytes=disk.object.size if disk.object else 0,
        )
        for disk in disks
    ]
    return tuple(
        examine_room(
            probe_folder(request.folder), planned, [each.format for each in request.targets], have_bytes=have_bytes
        )
    )


def costs(image: CustomImage) -> Sequence[Finding]:
    """Say what will be stored and transferred, since both are billed."""
    total = sum(disk.size_bytes for disk in image.disks) or image.system_disk_bytes
    amount = (
        f"up to {describe_bytes(total)} (compressed, so usually far less)" if total else "an amount ECS does not name"
    )
    words = f"OSS will store, and send to this machine, {amount}; storage and outbound traffic are billed"
    remedy = "On an instance of the same region --internal costs no traffic; `imgkit clean` removes the objects after."
    return (Finding(rule="billing", severity=Severity.NOTE, words=words, remedy=remedy),)
