"""The stable names of what libguestfs calls /dev/sda1, /dev/VG/LV, /dev/md127 and btrfsvol:/dev/sda1/@.

What lies in a pool of ZFS, for which libguestfs has no names, is `zfs:POOL/DATASET` from the start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from imgkit.model.role import DiskRole
from imgkit.model.storage import RaidArray, partition_place

_DEVICE = re.compile(r"(?P<disk>/dev/[a-z]+)(?P<number>[0-9]*)")
ZFS_PREFIX = "zfs:"
_SUBVOLUME = re.compile(r"btrfsvol:(?P<rest>/dev/.+)")


@dataclass(slots=True, kw_only=True)
class Places:
    """What is known so far: `decrypted` by the mapper's device, `arrays` by the kernel's, `lies_on` by logical volume,
    `pools` by place.

    What an encrypted volume holds has the place of that volume.
    """

    devices: Mapping[str, DiskRole] = field(default_factory=dict)
    decrypted: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, RaidArray] = field(default_factory=dict)
    lies_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pools: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def place(self, mountable: str) -> str:
        """Return our name of what libguestfs calls `mountable`."""
        if match := _SUBVOLUME.fullmatch(mountable):
            device, path = self._split(match["rest"])
            return f"{self.place(device)}[{path}]"
        if mountable in self.decrypted:
            return self.decrypted[mountable]
        if mountable in self.arrays:
            return self.arrays[mountable].place
        match = _DEVICE.fullmatch(mountable)
        role = self.devices.get(match["disk"]) if match else None
        if match is None or role is None:
            return mountable
        return partition_place(role, int(match["number"])) if match["number"] else role.name

    def _split(self, rest: str) -> tuple[str, str]:
        """Part a device from the path of a subvolume: `/dev/sda1/@`, `/dev/md127/@`, but `/dev/VG/LV/@`."""
        _, _, name, *path = rest.split("/")
        match = _DEVICE.fullmatch(f"/dev/{name}")
        if (match and match["disk"] in self.devices) or f"/dev/{name}" in self.arrays:
            return f"/dev/{name}", "/".join(path)
        return f"/dev/{name}/{path[0]}", "/".join(path[1:])

    def roles(self, place: str) -> tuple[DiskRole, ...]:
        """Return the disks that a place lies on, as far as they are among these."""
        base = place.partition("[")[0]
        if base.startswith(ZFS_PREFIX):
            base = base.partition("/")[0]
        elif not base.startswith("/dev/"):
            return (DiskRole.parse(base.partition(":")[0]),)
        below = (
            self.pools.get(base)
            or self.lies_on.get(base)
            or next((one.members for one in self.arrays.values() if one.place == base), ())
        )
        return tuple(sorted({role for one in below for role in self.roles(one)}))

    def order(self, device: str) -> tuple[int, int, str]:
        """Sort as disks and partitions are, volumes behind them."""
        match = _DEVICE.fullmatch(device)
        disks = list(self.devices)
        if match is None or match["disk"] not in disks:
            return len(disks), 0, device
        return disks.index(match["disk"]), int(match["number"] or 0), device
