"""A custom image as DescribeImages tells it."""

from dataclasses import dataclass, field
from datetime import datetime

from imgkit.model.role import DiskRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskMapping:
    """One disk of a custom image (DiskDeviceMapping)."""

    role: DiskRole
    device: str
    size_bytes: int
    snapshot_id: str = ""
    encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomImage:
    """An image of ECS. Words of the service are kept as they came; `disks` is empty where it named none."""

    image_id: str
    region_id: str
    name: str = ""
    description: str = ""
    owner_alias: str = ""
    owner_id: str = ""
    status: str = ""
    os_type: str = ""
    os_name: str = ""
    platform: str = ""
    architecture: str = ""
    boot_mode: str = ""
    product_code: str = ""
    family: str = ""
    resource_group_id: str = ""
    system_disk_bytes: int = 0
    created: datetime | None = None
    disks: tuple[DiskMapping, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageQuery:
    """What `imgkit images` filters by; empty means any."""

    name: str = ""
    family: str = ""
    resource_group_id: str = ""
    tags: tuple[tuple[str, str], ...] = field(default=())
