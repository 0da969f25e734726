"""The text that describes a VMDK: VMware's Virtual Disk Format 5.0, and what ESXi and Workstation ask of it."""

from dataclasses import dataclass

from imgkit.units import SECTOR_BYTES

_NO_CONTENT_IDS = {0xFFFFFFFF, 0xFFFFFFFE}  # "no parent", and what VMware writes into a disk that was never opened
_MAX_CYLINDERS = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class VmdkKind:
    """What a virtual machine is told of its disk. `hardware_version` is the oldest that will take it."""

    create_type: str
    adapter: str = "ide"
    hardware_version: str = "4"
    tools_version: str = "2147483647"


def describe_vmdk(kind: VmdkKind, *, size: int, extent: str, content_root: str) -> bytes:
    """Return the descriptor. The content id comes from the disk's own root, so that the same disk gives the same file.

    VirtualBox and ESXi want the geometry of their adapter: 63 sectors, and 16 heads for IDE or 255 for SCSI.
    """
    heads = 16 if kind.adapter == "ide" else 255
    cylinders = min(size // SECTOR_BYTES // (heads * 63), _MAX_CYLINDERS)
    lines = (
        "# Disk DescriptorFile",
        "version=1",
        f"CID={_content_id(content_root):08x}",
        "parentCID=ffffffff",
        f'createType="{kind.create_type}"',
        "",
        "# Extent description",
        extent,
        "",
        "# The Disk Data Base",
        "#DDB",
        "",
        f'ddb.virtualHWVersion = "{kind.hardware_version}"',
        f'ddb.geometry.cylinders = "{cylinders}"',
        f'ddb.geometry.heads = "{heads}"',
        'ddb.geometry.sectors = "63"',
        f'ddb.adapterType = "{kind.adapter}"',
        f'ddb.toolsVersion = "{kind.tools_version}"',
        "",
    )
    return "\n".join(lines).encode("ascii")


def _content_id(root: str) -> int:
    found = int(root[:8], 16)
    return found - 2 if found in _NO_CONTENT_IDS else found
