"""Custom images of the loopback cloud, and how DescribeImages words them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgkit.units import GiB

# Both become parts of object names, and so of file names and of a command: nothing else may be in them.
_IMAGE_ID = re.compile(r"m-[0-9a-z][0-9a-z-]{0,60}")
_DEVICE = re.compile(r"/dev/[a-z0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudDisk:
    """One disk of a custom image. Without a file it is a hole of `size_gib`."""

    device: str = "/dev/xvda"
    type: str = ""  # empty: the device says it; "none" leaves the field out, as old images do
    file: str = ""
    size_gib: int = 0  # 0: the file's size, rounded up
    encrypted: bool = False
    snapshot_id: str = "s-simulated"

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise ValueError(f"{self.device!r} is no device: /dev/xvda, /dev/xvdb …")
        if self.type not in {"", "system", "data", "none"}:
            raise ValueError(f"a disk's type is system, data or none, not {self.type!r}")

    @property
    def role(self) -> str:
        """`system` or `data`."""
        if self.type in {"system", "data"}:
            return self.type
        return "system" if self.device.endswith("a") else "data"

    @property
    def name(self) -> str:
        """The device's own name, `xvdb`."""
        return self.device.rpartition("/")[2]

    @property
    def gib(self) -> int:
        """The size that DescribeImages tells."""
        if self.size_gib or not self.file:
            return self.size_gib or 40
        return max(1, -(-Path(self.file).stat().st_size // GiB))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudImage:
    """One custom image with everything that decides whether it may be exported."""

    image_id: str
    region_id: str = ""  # empty: the cloud's home region
    image_name: str = ""
    description: str = ""
    owner_alias: str = "self"
    status: str = "Available"
    os_type: str = "linux"
    os_name: str = "Debian 12.5 64bit"
    platform: str = "Debian"
    architecture: str = "x86_64"
    boot_mode: str = "BIOS"
    product_code: str = ""
    image_family: str = ""
    image_version: str = ""
    resource_group_id: str = ""
    creation_time: str = "2026-01-02T03:04:05Z"
    tags: tuple[tuple[str, str], ...] = ()
    disks: tuple[CloudDisk, ...] = ()

    def __post_init__(self) -> None:
        if not is_image_id(self.image_id):
            raise ValueError(f"{self.image_id!r} is no image id: m- with small letters and digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageQuery:
    """The filters of DescribeImages; an empty one lets everything pass."""

    region_id: str
    image_ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ("Available",)
    owner_alias: str = ""
    name: str = ""
    image_family: str = ""
    resource_group_id: str = ""
    os_type: str = ""
    architecture: str = ""
    tags: tuple[tuple[str, str], ...] = ()


def is_image_id(text: str) -> bool:
    """Tell whether a text could be the id of an image."""
    return _IMAGE_ID.fullmatch(text) is not None


def select_images(images: Iterable[CloudImage], query: ImageQuery) -> list[CloudImage]:
    """Return the images that DescribeImages would list, in order of their ids."""
    return sorted((image for image in images if _fits(image, query)), key=lambda image: image.image_id)


def describe_image(image: CloudImage) -> dict[str, Any]:
    """Return an image as an entry of `Images.Image`."""
    system = next((disk for disk in image.disks if disk.role == "system"), None)
    return {
        "ImageId": image.image_id,
        "ImageName": image.image_name or image.image_id,
        "Description": image.description,
        "ImageVersion": image.image_version,
        "ImageFamily": image.image_family,
        "ImageOwnerAlias": image.owner_alias,
        "ImageOwnerId": 1234567890123456,
        "CreationTime": image.creation_time,
        "Status": image.status,
        "Progress": "100%" if image.status == "Available" else "50%",
        "Usage": "none",
        "OSType": image.os_type,
        "OSName": image.os_name,
        "OSNameEn": image.os_name,
        "Platform": image.platform,
        "Architecture": image.architecture,
        "BootMode": image.boot_mode,
        "ProductCode": image.product_code,
        "Size": system.gib if system else 0,
        "IsSelfShared": "False",
        "IsCopied": False,
        "IsPublic": False,
        "IsSubscribed": bool(image.product_code),
        "IsSupportCloudinit": True,
        "IsSupportIoOptimized": True,
        "ResourceGroupId": image.resource_group_id,
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in image.tags]},
        "DiskDeviceMappings": {"DiskDeviceMapping": [_describe_disk(disk) for disk in image.disks]},
    }


def _describe_disk(disk: CloudDisk) -> dict[str, Any]:
    mapping: dict[str, Any] = {
        "Device": disk.device,
        "Size": str(disk.gib),  # a text in real answers
        "SnapshotId": disk.snapshot_id,
        "Encrypted": disk.encrypted,
        "Format": "",
    }
    return mapping if disk.type == "none" else {**mapping, "Type": disk.role}


def _fits(image: CloudImage, query: ImageQuery) -> bool:
    exact = (
        (query.region_id, image.region_id),
        (query.image_family, image.image_family),
        (query.resource_group_id, image.resource_group_id),
        (query.os_type, image.os_type),
        (query.architecture, image.architecture),
    )
    return (
        all(wanted in ("", actual) for wanted, actual in exact)
        and (not query.image_ids or image.image_id in query.image_ids)
        and ("ALL" in query.statuses or image.status in query.statuses)
        and _owner_fits(image, query.owner_alias)
        and _name_fits(image, query.name)
        and all(_has_tag(image, key, value) for key, value in query.tags)
    )


def _owner_fits(image: CloudImage, alias: str) -> bool:
    return image.owner_alias == alias if alias else image.owner_alias != "marketplace"


def _name_fits(image: CloudImage, pattern: str) -> bool:
    """Compare a name; the page of DescribeImages lets `*` stand for anything at both ends."""
    name = image.image_name or image.image_id
    if not pattern:
        return True
    return pattern.strip("*") in name if "*" in pattern else pattern == name


def _has_tag(image: CloudImage, key: str, value: str) -> bool:
    return any(key == own and value in ("", own_value) for own, own_value in image.tags)
