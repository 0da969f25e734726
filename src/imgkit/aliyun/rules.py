"""What Alibaba documents about exports: regions with formats, limits, and how exported objects are named.

Pure facts without any SDK. The names of the documentation pages stand beside them (alibabacloud.com/help/en/ecs).
"""

import re
from dataclasses import dataclass

from imgkit.model.formats import DiskFormat
from imgkit.model.role import SYSTEM, DiskRole
from imgkit.units import GiB

# "ExportImage" (api-exportimage), parameter ImageFormat: offered in these regions only, none of them in mainland China.
# Elsewhere an export is RAW, and asking for another format is refused with InvalidImageFormat.RegionNotSupported.
IMAGE_FORMAT_REGIONS = frozenset(
    {
        "ap-northeast-1",  # Tokyo
        "ap-southeast-1",  # Singapore
        "ap-southeast-3",  # Kuala Lumpur
        "ap-southeast-5",  # Jakarta
        "eu-central-1",  # Frankfurt
        "eu-west-1",  # London
        "me-east-1",  # Dubai
        "us-east-1",  # Virginia
        "us-west-1",  # Silicon Valley
    }
)

# "Export a custom image": at most 2048 GiB a data disk. Older copies of the same page, and the text of the error
# InvalidImage.DiskAmountOrSize, say four data disks of 500 GiB each: beyond that it may be refused.
MAX_DATA_DISK_BYTES = 2048 * GiB
UNDISPUTED_DATA_DISK_BYTES = 500 * GiB
UNDISPUTED_DATA_DISKS = 4

# "ExportImage", parameter OSSPrefix: 1 to 30 characters, digits and letters.
_PREFIX = re.compile(r"[A-Za-z0-9]{1,30}")

# "Export a custom image": the service role that ECS takes to write into a bucket.
EXPORT_ROLE_NAME = "AliyunECSImageExportDefaultRole"

# The API names objects <prefix>_<image>_system.raw.tar.gz and <image>_data_xvdb.raw.tar.gz (so the Terraform provider
# `alicloud_image_export` finds them); "Export a custom image" shows a hyphen after the prefix; and the sample answer of
# "DescribeTaskAttribute" has the old style <prefix>_<image>_<task>.vhd.
_OBJECT_NAME = re.compile(
    r"(?:(?P<prefix>[A-Za-z0-9]{1,30})[_-])?"
    r"(?P<image>m-[0-9a-z]+)[_-]"
    r"(?:system|data(?:[_-](?P<device>[a-z][a-z0-9]{0,31}))?|(?P<task>t(?:sk)?-[0-9a-z]+))"
    r"(?P<suffix>\..+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """What the name of an exported object says. `role` is None where it names no disk; `suffix` has its dot."""

    prefix: str = ""
    image_id: str
    role: DiskRole | None = None
    task_id: str = ""
    suffix: str


def offers_image_format(region_id: str) -> bool:
    """Tell whether ExportImage takes ImageFormat in that region."""
    return region_id in IMAGE_FORMAT_REGIONS


def is_valid_prefix(prefix: str) -> bool:
    """Tell whether ExportImage takes this OSSPrefix."""
    return _PREFIX.fullmatch(prefix) is not None


def parse_object_name(key: str) -> ObjectName | None:
    """Read the last part of a key; None when it is not named as exports are, which is no fault of the object."""
    found = _OBJECT_NAME.fullmatch(key.rpartition("/")[2])
    if found is None:
        return None
    return ObjectName(
        prefix=found["prefix"] or "",
        image_id=found["image"],
        role=_role(found),
        task_id=found["task"] or "",
        suffix=found["suffix"],
    )


def expected_object_names(
    *, prefix: str, image_id: str, role: DiskRole, image_format: DiskFormat = DiskFormat.RAW
) -> tuple[str, ...]:
    """Return the names that ECS may give the object of one disk, the likeliest first.

    Only RAW is documented to come as `.tar.gz`; the other formats may come bare.
    """
    endings = [f"{image_format.suffix}.tar.gz"]
    if image_format is not DiskFormat.RAW:
        endings.append(image_format.suffix)
    separators = ("_", "-") if prefix else ("",)
    disk = SYSTEM if role.is_system else f"data_{role.device}"
    return tuple(f"{prefix}{mark}{image_id}_{disk}{ending}" for ending in endings for mark in separators)


def _role(found: re.Match[str]) -> DiskRole | None:
    if found["device"]:
        return DiskRole(found["device"])
    is_system = found["task"] is None and found.string[found.end("image") + 1 :].startswith(SYSTEM)
    return DiskRole() if is_system else None
