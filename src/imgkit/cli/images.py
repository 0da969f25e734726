"""`imgkit images`: the custom images of a region, and whether each can be exported."""

from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import open_services
from imgkit.cli.tables import table
from imgkit.errors import SettingsError
from imgkit.model.image import CustomImage, ImageQuery
from imgkit.model.preflight import Severity
from imgkit.safe_text import safe_text
from imgkit.stages.preflight import examine_image
from imgkit.units import GiB


@command(app, "images")
def images(
    console: Console,
    *,
    name: Annotated[str, typer.Option("--name", help="Only images whose name contains this.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="Only images with it.")] = None,
    family: Annotated[str, typer.Option("--family", help="Only this image family.")] = "",
    resource_group: Annotated[str, typer.Option("--resource-group", help="Only this resource group.")] = "",
    region: options.Region = None,
    profile: options.Profile = None,
    ecs_endpoint: options.EcsEndpoint = None,
) -> None:
    """List the custom images of a region, and for each whether it can be exported, and if not why."""
    services = open_services(region=region, profile=profile, ecs_endpoint=ecs_endpoint)
    query = ImageQuery(name=name, family=family, resource_group_id=resource_group, tags=_parse_tags(tag))
    found = [(image, obstacles(image)) for image in services.cloud().images(query)]
    console.result(
        _as_text(found), {"images": [_as_data(image, reasons) for image, reasons in found], "region": services.region}
    )


def obstacles(image: CustomImage) -> tuple[str, ...]:
    """Return why the image cannot be exported; empty when nothing about it forbids it."""
    return tuple(each.words for each in examine_image(image) if each.severity is Severity.REFUSAL)


def _parse_tags(words: list[str] | None) -> tuple[tuple[str, str], ...]:
    pairs = [word.partition("=") for word in words or ()]
    if any(not key for key, _, _ in pairs):
        raise SettingsError("a tag needs a key", hint="Write --tag KEY=VALUE.")
    return tuple((key, value) for key, _, value in pairs)


def _as_text(found: list[tuple[CustomImage, tuple[str, ...]]]) -> str:
    rows = [
        (
            image.image_id,
            safe_text(image.name),
            safe_text(image.os_name or image.platform),
            f"{image.system_disk_bytes // GiB} GiB",
            str(len([disk for disk in image.disks if not disk.role.is_system])),
            "yes" if not reasons else f"no: {safe_text(reasons[0])}",
        )
        for image, reasons in found
    ]
    return table(("IMAGE", "NAME", "SYSTEM", "DISK", "DATA DISKS", "CAN BE EXPORTED"), rows) or "no custom images here"


def _as_data(image: CustomImage, reasons: tuple[str, ...]) -> dict[str, Any]:
    return {
        "image_id": image.image_id,
        "name": image.name,
        "status": image.status,
        "os_type": image.os_type,
        "os_name": image.os_name,
        "created": image.created.isoformat() if image.created else None,
        "system_disk_bytes": image.system_disk_bytes,
        "disks": [
            {"role": disk.role.name, "device": disk.device, "size_bytes": disk.size_bytes} for disk in image.disks
        ],
        "exportable": not reasons,
        "reasons": list(reasons),
    }
