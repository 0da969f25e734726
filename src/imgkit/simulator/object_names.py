"""The names that an export gives its objects, as far as public evidence knows them.

`<prefix>_<image id>_system.raw.tar.gz` stands in the terraform provider of the vendor
(`alicloud/resource_alicloud_image_export.go`), `<image id>_data_xvdb.raw.tar.gz` in public backup tools; the console's
page shows a hyphen behind the prefix.
"""

from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudDisk

QEMU_FORMATS = {"raw": "raw", "vhd": "vpc", "qcow2": "qcow2", "vdi": "vdi", "vmdk": "vmdk"}


def object_name(image_id: str, disk: CloudDisk, *, prefix: str, image_format: str, settings: CloudSettings) -> str:
    """Return the key of the object that one disk becomes."""
    joint = "-" if settings.naming == "hyphen" else "_"
    role = "system" if disk.role == "system" else f"data{joint}{disk.name}"
    stem = joint.join(part for part in (prefix, image_id, role) if part)
    return f"{stem}.{image_format}" + (".tar.gz" if is_packed(image_format, settings) else "")


def is_packed(image_format: str, settings: CloudSettings) -> bool:
    """Tell whether a disk of that format comes in a .tar.gz."""
    return settings.packaging == "tar.gz" or (settings.packaging == "auto" and image_format == "raw")
