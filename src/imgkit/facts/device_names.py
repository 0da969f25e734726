"""What the names that a Linux gives to devices stand for on the disks of one machine.

ECS calls the data disks of an instance /dev/xvdb, /dev/xvdc …; the guest knows the same disks as /dev/vdb (virtio),
/dev/xvdb (Xen), /dev/sdb (SCSI) or /dev/nvme1n1, the system disk having the letter a or the number 0.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imgkit.model.role import DiskRole
from imgkit.model.storage import Storage, partition_place

_LETTERED = re.compile(r"/dev/(?:xvd|vd|sd|hd)(?P<letters>[a-z]{1,3})(?P<number>[1-9][0-9]{0,2})?")
_NVME = re.compile(r"/dev/nvme(?P<index>[0-9]{1,3})n1(?:p(?P<number>[1-9][0-9]{0,2}))?")
_MAPPED = re.compile(r"(?P<group>(?:[^-]|--)+)-(?P<volume>(?:[^-]|--)+)")
_OPTICAL_OR_FLOPPY = re.compile(r"/dev/(?:sr\d+|scd\d+|cdrom|dvd|fd\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The place that a name stands for, or why it stands for none and which disk would have it."""

    place: str = ""
    reason: str = ""
    missing_role: DiskRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNames:
    """The storage of a set, and the disks that belong to the machine and are not in the set.

    `root` is the place of the system that uses the names: its own pool of ZFS is what it means by that pool's name,
    also where a second pool of the set has the same one.
    """

    storage: Storage
    missing: tuple[DiskRole, ...] = ()
    root: str = ""

    def by_uuid(self, uuid: str) -> Resolution:
        """Find a file system, swap space or encrypted volume by its UUID."""
        found = [one.place for one in self.storage.file_systems if _same(one.uuid, uuid)]
        found += [one.place for one in self.storage.encrypted if _same(one.uuid, uuid)]
        return self._only(_without_subvolumes(found), f"the UUID {uuid}")

    def by_label(self, label: str) -> Resolution:
        """Find a file system by its label."""
        found = [one.place for one in self.storage.file_systems if one.label == label]
        return self._only(_without_subvolumes(found), f"the label {label}")

    def by_partition_uuid(self, uuid: str) -> Resolution:
        """Find a partition by the UUID in its partition table."""
        found = [one.place for one in self.storage.partitions if _same(one.uuid, uuid)]
        return self._only(found, f"the partition UUID {uuid}")

    def by_partition_label(self, label: str) -> Resolution:
        """Find a partition by the name in its partition table."""
        found = [one.place for one in self.storage.partitions if one.name == label]
        return self._only(found, f"the partition name {label}")

    def by_dataset(self, name: str) -> Resolution:
        """Find a data set of ZFS by its name, as `rpool/home`."""
        called, slash, below = name.partition("/")
        pools = [one.place for one in self.storage.pools if one.name == called]
        own = [one for one in pools if self.root == one or self.root.startswith(f"{one}/")]
        wanted = {f"{one}{slash}{below}" for one in own or pools}
        found = [one.place for one in self.storage.file_systems if one.place in wanted]
        return self._only(found, f"the data set {name}")

    def by_device(self, path: str) -> Resolution:
        """Find what a path below /dev means."""
        if match := _LETTERED.fullmatch(path):
            return self._on_disk(self._lettered_role(match["letters"]), match["number"])
        if match := _NVME.fullmatch(path):
            return self._on_disk(self._numbered_role(int(match["index"])), match["number"])
        if _OPTICAL_OR_FLOPPY.fullmatch(path):
            return Resolution(reason="a drive for removable media, which no image holds")
        if path.startswith("/dev/disk/"):
            return Resolution(reason="this link is made from the hardware, which no image holds")
        return self._volume(path)

    def _lettered_role(self, letters: str) -> DiskRole:
        """Return the disk with these letters; where the set calls it /dev/vdb instead of /dev/xvdb, that one."""
        if letters == "a":
            return DiskRole()
        known = [*(disk.role for disk in self.storage.disks), *self.missing]
        same = (role for role in known if role.device and _device_letters(role.device) == letters)
        return next(same, DiskRole(f"xvd{letters}"))

    def _numbered_role(self, index: int) -> DiskRole:
        return DiskRole() if index == 0 else self._lettered_role(_letters(index))

    def _on_disk(self, role: DiskRole, number: str | None) -> Resolution:
        if role not in {disk.role for disk in self.storage.disks}:
            return Resolution(reason=f"disk {role} is not in this set", missing_role=role)
        if number is None:
            return self._held_by_whole_disk(role)
        place = partition_place(role, int(number))
        if any(one.place == place for one in self.storage.partitions):
            return Resolution(place=place)
        return Resolution(reason=f"disk {role} has no partition {number}")

    def _held_by_whole_disk(self, role: DiskRole) -> Resolution:
        held = {one.place for one in self.storage.file_systems} | {one.place for one in self.storage.encrypted}
        if role.name in held:
            return Resolution(place=role.name)
        return Resolution(reason=f"disk {role} holds no file system outside its partitions")

    def _volume(self, path: str) -> Resolution:
        for volume in self.storage.logical_volumes:
            if path in {volume.place, f"/dev/mapper/{_mapped(volume.group)}-{_mapped(volume.name)}"}:
                return Resolution(place=volume.place)
        for closed in self.storage.encrypted:
            if closed.uuid and path == f"/dev/mapper/luks-{closed.uuid}":
                return Resolution(place=closed.place)
        for array in self.storage.arrays:
            if path == array.place:
                return Resolution(place=array.place)
        group = _group_of(path)
        if not group:
            return self._absent(f"no disk of this set answers to {path}")
        if any(one.name == group for one in self.storage.volume_groups):
            return Resolution(reason=f"the volume group {group} has no such volume")
        return self._absent(f"no disk of this set has the volume group {group}")

    def _only(self, found: Sequence[str], what: str) -> Resolution:
        places = sorted(set(found))
        if len(places) == 1:
            return Resolution(place=places[0])
        if places:
            return Resolution(reason=f"several have {what}: {', '.join(places)}")
        return self._absent(f"nothing on the disks of this set has {what}")

    def _absent(self, reason: str) -> Resolution:
        """Say that nothing was found, and on which missing disk it may be."""
        if not self.missing:
            return Resolution(reason=reason)
        only = self.missing[0] if len(self.missing) == 1 else None
        return Resolution(reason=f"{reason}; it may be on {_list(self.missing)}, not in this set", missing_role=only)


def _without_subvolumes(places: Iterable[str]) -> list[str]:
    """The subvolumes of a btrfs have its UUID and label; fstab means the whole, and picks one by an option."""
    return sorted({place.partition("[")[0] for place in places})


def _same(one: str, other: str) -> bool:
    return bool(one) and one.casefold() == other.casefold()


def _letters(index: int) -> str:
    """Return the letters of the disk with this number: 0 a, 1 b, 25 z, 26 aa."""
    letters = ""
    index += 1
    while index:
        index, place = divmod(index - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def _device_letters(device: str) -> str:
    match = _LETTERED.fullmatch(f"/dev/{device}")
    return match["letters"] if match else ""


def _mapped(name: str) -> str:
    """Return a name as the device mapper joins it: its hyphens doubled."""
    return name.replace("-", "--")


def _group_of(path: str) -> str:
    """Return the volume group that a path names, empty where it can be none."""
    name = path.removeprefix("/dev/")
    if name.startswith("mapper/"):
        match = _MAPPED.fullmatch(name.removeprefix("mapper/"))
        return match["group"].replace("--", "-") if match else ""
    group, slash, volume = name.partition("/")
    return group if slash and volume and "/" not in volume else ""


def _list(roles: Iterable[DiskRole]) -> str:
    return " or ".join(f"disk {role}" for role in roles)
