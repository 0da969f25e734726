"""All that may hold files on the disks of a machine, found through libguestfs: layer by layer, as they are opened."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from imgkit.disks.guestfs_asking import Asking
from imgkit.disks.guestfs_encrypted import ENCRYPTED, Opener
from imgkit.disks.guestfs_places import Places
from imgkit.disks.guestfs_signatures import recognised
from imgkit.disks.guestfs_zfs import ZFS, PoolOpener
from imgkit.disks.lvm_guestfs import Lvm, LvmRows, Row, bare_uuid, describe_lvm
from imgkit.disks.native.signatures import LVM, MD, MEMBERS, ZFS_MEMBER, ZFS_SPARE, Signature
from imgkit.model.storage import Member, Partition, RaidArray, unknown_content
from imgkit.units import MiB

_NOT_JOINED = {
    MD: "its array could not be started with the disks that are here",
}
BTRFS = "btrfs"
_ASK_LIBGUESTFS = frozenset({"LDM_member"})  # Windows' dynamic disks, whose volumes only its own list has
_BLANK_BYTES = MiB
# Partitions that hold no file system by their nature: GRUB's core image, PReP boot, Microsoft's reserve, extended MBR.
HOLDS_NONE = frozenset(
    {
        "21686148-6449-6E6F-744E-656564454649",
        "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
        "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",
        "0x05",
        "0x0f",
        "0x85",
    }
)


@dataclass(slots=True, kw_only=True)
class Finder:
    """Looks for volumes. Each device is asked by itself: libguestfs' own list leaves out whole disks with LUKS."""

    asking: Asking
    places: Places
    opener: Opener
    sizes: dict[str, int]
    lvm: Lvm = field(default_factory=lambda: Lvm(lies_on={}))
    blank: list[str] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    zfs: PoolOpener
    _numbers: dict[str, Mapping[int, str]] = field(default_factory=dict)

    def find(self, partitions: Sequence[Partition], seen: AbstractSet[str]) -> list[tuple[str, str]]:
        """Return libguestfs' names and types of what holds files or swap space; `seen` are the kernel's partitions."""
        parted = {partition.role for partition in partitions}
        holds_none = {partition.place for partition in partitions if partition.type in HOLDS_NONE}
        waiting = [*self._arrays()]
        waiting += [device for device, role in self.places.devices.items() if role not in parted]
        waiting += sorted(device for device in seen if self.places.place(device) not in holds_none)
        found: dict[str, str] = {}
        kinds: dict[str, str] = {}
        while waiting:
            ordered = sorted(waiting, key=self.places.order)
            new = {device: self._kind(device) for device in ordered}
            waiting = [opened for device, kind in new.items() if (opened := self._opened(device, kind))]
            if waiting or not kinds:
                self._look_for_lvm()
            kinds |= new
            waiting += [volume for volume in self._logical() if volume not in kinds]
        for device in sorted(kinds, key=self.places.order):
            found |= self._mountables(device, kinds[device])
        self._open_pools([device for device, kind in kinds.items() if kind == ZFS_MEMBER])
        return [*found.items(), *((place, ZFS) for place in self.zfs.datasets)]

    def _open_pools(self, devices: Sequence[str]) -> None:
        members = {one.place: one for one in self.members}
        opened = self.zfs.open({device: members[self.places.place(device)] for device in devices})
        self.members = [*({**members, **{one.place: one for one in opened}}).values()]

    def _kind(self, device: str) -> str:
        place = self.places.place(device)
        kind = self.asking.text(f"vfs_type of {place}", "vfs_type", device)
        if not kind:
            self._nothing_known(device, place)
        elif kind in MEMBERS - {LVM}:
            self._member(device, place, kind)
        return kind

    def _member(self, device: str, place: str, kind: str) -> None:
        seen = recognised(self.asking, device, place)
        joined = kind == MD and self._join(device, place, seen)
        self.members.append(
            Member(
                place=place,
                roles=self.places.roles(place),
                type=kind,
                uuid=seen.uuid if seen else "",
                label=seen.label if seen else "",
                detail=seen.detail if seen else "",
                error="" if joined else _NOT_JOINED.get(kind, ""),
            )
        )

    def _join(self, device: str, place: str, seen: Signature | None) -> bool:
        """Put a disk into the array that it is a part of; say whether there is one.

        Its own header tells which: the names that `md_stat` gives are those of the appliance's kernel, which finds its
        disks in any order.
        """
        for name, array in self.places.arrays.items():
            numbers = self._numbers[name]
            if seen is None or seen.number < 0:
                is_part = device in numbers.values()
            else:
                is_part = seen.number in numbers and _hex_digits(seen.uuid) == _hex_digits(array.uuid)
            if is_part:
                self.places.arrays[name] = replace(array, members=tuple(sorted((*array.members, place))))
                return True
        return False

    def _nothing_known(self, device: str, place: str) -> None:
        if self._is_blank(device, place):
            self.blank.append(place)
            return
        seen = recognised(self.asking, device, place)  # blkid does not know all that we do
        if seen is not None and seen.type == ZFS_SPARE:
            self._member(device, place, seen.type)
        else:
            self.asking.undetermined.append(unknown_content(place))

    def _is_blank(self, device: str, place: str) -> bool:
        """Whether both ends are zeroes, where every partition table and file system of ours leaves something."""
        size = self.sizes.get(place, 0)
        ends = {0, max(0, size - _BLANK_BYTES)}
        what, count = f"the ends of {place}", min(_BLANK_BYTES, size)
        return size > 0 and all(
            self.asking.ask(what, b"?", "pread_device", device, count, end) == bytes(count) for end in ends
        )

    def _opened(self, device: str, kind: str) -> str:
        opened = self.opener.take(device, kind) if kind in ENCRYPTED else ""
        if opened:
            self._measure(opened)
        return opened

    def _measure(self, device: str) -> None:
        place = self.places.place(device)
        self.sizes[place] = self.asking.ask(f"the size of {place}", 0, "blockdev_getsize64", device)

    def _look_for_lvm(self) -> None:
        physical = self.asking.ask("LVM physical volumes", [], "pvs_full")
        if not physical:
            return
        groups = self.asking.ask("LVM volume groups", [], "vgs_full")
        names = [row["vg_name"] for row in groups]
        rows = LvmRows(
            physical=tuple(self._renamed(physical)),
            groups=tuple(groups),
            logical=tuple(self.asking.ask("LVM logical volumes", [], "lvs_full")),
            members={name: self._uuids("vgpvuuids", name) for name in names},
            holdings={name: self._uuids("vglvuuids", name) for name in names},
        )
        self.lvm = describe_lvm(rows, self.places.place)
        self.places.lies_on = self.lvm.lies_on
        self.sizes |= {volume.place: volume.size_bytes for volume in self.lvm.logical}

    def _renamed(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Name physical volumes as all other calls do.

        `pvs_full` gives the names of the appliance's kernel, which finds its disks in any order: under load a volume on
        the third disk was told as one on the second. Names that `pvs` gives are translated, and so is what it is asked.
        """
        devices = self.asking.ask("which devices are LVM's", [], "pvs")
        named = {bare_uuid(self.asking.ask(f"the UUID of {one}", "", "pvuuid", one)): one for one in devices}
        for row in rows:
            there = named.get(bare_uuid(row["pv_uuid"]))
            if there is None and row["pv_name"].startswith("/dev/"):
                self.asking.note("LVM physical volumes", f"nobody knows on which disk {row['pv_uuid']} lies")
            yield {**row, "pv_name": there or "[unknown]"}

    def _uuids(self, call: str, group: str) -> frozenset[str]:
        return frozenset(bare_uuid(one) for one in self.asking.ask(f"the volumes of {group}", [], call, group))

    def _logical(self) -> Iterator[str]:
        return (volume.place for volume in self.lvm.logical if volume.active and volume.place not in self.lvm.pools)

    def _arrays(self) -> list[str]:
        devices: list[str] = self.asking.ask("MD arrays", [], "list_md_devices")
        for device in devices:
            detail: Mapping[str, str] = self.asking.ask(f"the array {device}", {}, "md_detail", device)
            members = self.asking.ask(f"the disks of {device}", [], "md_stat", device)
            uuid = detail.get("uuid", "")
            self.places.arrays[device] = RaidArray(
                place=f"/dev/md/{uuid}" if uuid else device,
                uuid=uuid,
                level=detail.get("level", ""),
                devices=int(detail.get("devices") or 0),
                members=(),  # each says by itself that it is one
            )
            self._numbers[device] = {int(row["mdstat_index"]): _device(row["mdstat_device"]) for row in members}
            self._measure(device)
        return devices

    def _mountables(self, device: str, kind: str) -> dict[str, str]:
        """Return what can be mounted of one volume: itself, and the subvolumes of btrfs."""
        if not kind or (kind in MEMBERS | ENCRYPTED and kind not in _ASK_LIBGUESTFS):
            return {}
        if kind in _ASK_LIBGUESTFS:
            listed: dict[str, str] = self.asking.ask("file systems", {}, "list_filesystems")
            return {
                name: one for name, one in listed.items() if one != "unknown" and name.startswith("/dev/mapper/ldm")
            }
        below = self._subvolumes(device) if kind == BTRFS else []
        return {device: kind} | dict.fromkeys(below, BTRFS)

    def _subvolumes(self, device: str) -> list[str]:
        rows = self.asking.ask(f"the subvolumes of {self.places.place(device)}", [], "btrfs_subvolume_list", device)
        return [f"btrfsvol:{device}/{path}" for path in sorted(row["btrfssubvolume_path"] for row in rows)]


def _hex_digits(uuid: str) -> str:
    return re.sub("[^0-9a-f]", "", uuid.lower())


def _device(name: str) -> str:
    """The member of an array is named with or without its folder, as the version of libguestfs has it."""
    return name if name.startswith("/dev/") else f"/dev/{name}"
