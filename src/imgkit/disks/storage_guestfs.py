"""Storage facts through libguestfs: what is on the disks of a set, and what each file system holds.

Every question is asked by itself: one that fails is written down with its reason, and the others still are asked.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Journal,
    LogicalVolume,
    Partition,
    PhysicalVolume,
    Storage,
    TableKind,
    Undetermined,
    VolumeGroup,
    partition_place,
)
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker

NOT_MOUNTED = frozenset({"swap", "unknown"})
ENCRYPTED = frozenset({"crypto_LUKS", "BitLocker"})
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
_ROOT_SIGNS = ((b"/etc/os-release",), (b"/usr/lib/os-release",), (b"/etc/fstab", b"/etc/passwd"))
_DEVICE = re.compile(r"(?P<disk>/dev/[a-z]+)(?P<number>[0-9]*)")
_SUBVOLUME = re.compile(r"btrfsvol:(?P<device>/dev/.+?)/(?P<path>(?:(?!/dev/).)+)")
_EXT = re.compile(r"ext[234]")
_EXT_HAS_JOURNAL, _EXT_NEEDS_RECOVERY = 0x4, 0x4
_NO_TABLE = "unrecognised disk label"


@dataclass(slots=True, kw_only=True)
class Survey:
    """The storage, what libguestfs calls each place, and the places that hold an operating system."""

    storage: Storage
    mountables: Mapping[str, str]
    types: Mapping[str, str]
    os_places: tuple[str, ...]


def survey_storage(worker: GuestfsWorker, roles: Sequence[DiskRole]) -> Survey:
    """Ask for everything. `roles` are the disks in the order in which they were added."""
    return _Surveyor(worker=worker, roles=tuple(roles)).survey()


def mount_options(kind: str) -> str:
    """Return options for looking at an untrusted file system of this type."""
    careful = "ro,nodev,nosuid,noexec"
    return f"{careful},nouuid" if kind == "xfs" else careful  # a copy of a mounted XFS has its UUID, and is refused


@dataclass(slots=True, kw_only=True)
class _Surveyor:
    worker: GuestfsWorker
    roles: tuple[DiskRole, ...]
    devices: dict[str, DiskRole] = field(default_factory=dict)
    lv_roles: dict[str, tuple[DiskRole, ...]] = field(default_factory=dict)
    mountables: dict[str, str] = field(default_factory=dict)
    os_places: list[str] = field(default_factory=list)
    undetermined: list[Undetermined] = field(default_factory=list)

    def survey(self) -> Survey:
        self.devices = dict(zip(self.worker.call("list_devices"), self.roles, strict=True))
        disks = tuple(self._disk(device, role) for device, role in self.devices.items())
        partitions = tuple(part for disk in disks for part in self._partitions(disk))
        physical, groups, logical = self._lvm()
        volumes = self._file_systems(disks, partitions)
        file_systems = tuple(self._file_system(mountable, kind) for mountable, kind in volumes if kind not in ENCRYPTED)
        encrypted = tuple(self._encrypted(mountable, kind) for mountable, kind in volumes if kind in ENCRYPTED)
        storage = Storage(
            disks=disks,
            partitions=partitions,
            physical_volumes=physical,
            volume_groups=groups,
            logical_volumes=logical,
            file_systems=file_systems,
            encrypted=encrypted,
            undetermined=tuple(self.undetermined),
        )
        types = {one.place: one.type for one in file_systems}
        return Survey(storage=storage, mountables=self.mountables, types=types, os_places=tuple(self.os_places))

    def _disk(self, device: str, role: DiskRole) -> Disk:
        size = self.worker.call("blockdev_getsize64", device)
        table, error = TableKind.UNKNOWN, ""
        try:
            table = _table(self.worker.call("part_get_parttype", device))
        except GuestfsRefused as refused:
            if _NO_TABLE in refused.message:
                table = TableKind.NONE
            else:
                error = _reason(refused)
        return Disk(role=role, device=device.removeprefix("/dev/"), size_bytes=size, table=table, error=error)

    def _partitions(self, disk: Disk) -> Iterator[Partition]:
        if disk.table in {TableKind.NONE, TableKind.UNKNOWN}:
            return
        device = f"/dev/{disk.device}"
        for row in self._ask(f"the partitions of {disk.role}", [], "part_list", device):
            yield self._partition(disk, device, row)

    def _partition(self, disk: Disk, device: str, row: Mapping[str, int]) -> Partition:
        number = row["part_num"]
        what = f"the entry of {partition_place(disk.role, number)} in the partition table"
        kind = uuid = name = ""
        if disk.table is TableKind.GPT:
            kind = self._ask(what, "", "part_get_gpt_type", device, number)
            uuid = self._ask(what, "", "part_get_gpt_guid", device, number)
            name = self._ask(what, "", "part_get_name", device, number)
        elif disk.table is TableKind.MBR:
            found = self._ask(what, None, "part_get_mbr_id", device, number)
            kind = "" if found is None else f"0x{found:02x}"
        return Partition(
            role=disk.role,
            number=number,
            start_bytes=row["part_start"],
            size_bytes=row["part_size"],
            type=kind,
            uuid=uuid,
            name=name,
            bootable=bool(self._ask(what, 0, "part_get_bootable", device, number)),
        )

    def _lvm(self) -> tuple[tuple[PhysicalVolume, ...], tuple[VolumeGroup, ...], tuple[LogicalVolume, ...]]:
        physical = self._ask("LVM physical volumes", [], "pvs_full")
        groups = self._ask("LVM volume groups", [], "vgs_full")
        logical = self._ask("LVM logical volumes", [], "lvs_full")
        members = {row["vg_name"]: self._uuids("vgpvuuids", row["vg_name"]) for row in groups}
        holdings = {row["vg_name"]: self._uuids("vglvuuids", row["vg_name"]) for row in groups}
        known = {row["pv_uuid"]: self.place(row["pv_name"]) for row in physical if row["pv_name"].startswith("/dev/")}
        volumes = tuple(_logical_volume(row, _group_of(row["lv_uuid"], holdings)) for row in logical)
        for volume in volumes:
            places = [known[uuid] for uuid in members.get(volume.group, ()) if uuid in known]
            self.lv_roles[volume.place] = tuple(sorted({role for place in places for role in self._roles(place)}))
        return (
            tuple(
                _physical_volume(row, known[row["pv_uuid"]], _group_of(row["pv_uuid"], members))
                for row in physical
                if row["pv_uuid"] in known
            ),
            tuple(_volume_group(row, members[row["vg_name"]] - known.keys()) for row in groups),
            volumes,
        )

    def _uuids(self, call: str, group: str) -> set[str]:
        return {uuid.replace("-", "") for uuid in self._ask(f"the volumes of {group}", [], call, group)}

    def _file_systems(self, disks: Sequence[Disk], partitions: Sequence[Partition]) -> list[tuple[str, str]]:
        """Return libguestfs' names and types of all that may hold files or swap.

        libguestfs leaves out whole disks with LUKS, so each disk without a table is asked by itself.
        """
        found: dict[str, str] = self._ask("file systems", {}, "list_filesystems")
        for disk in disks:
            device = f"/dev/{disk.device}"
            if disk.table is TableKind.NONE and device not in found:
                found[device] = self._text("vfs_type", device) or "unknown"
        holds_none = {part.place for part in partitions if part.type in HOLDS_NONE}
        volumes = {self.place(pv) for pv, kind in found.items() if kind in {"LVM2_member", "linux_raid_member"}}
        for mountable, kind in found.items():
            if kind == "unknown" and self.place(mountable) not in holds_none | volumes:
                self._note(f"what {self.place(mountable)} holds", "nothing there that libguestfs knows")
        return [
            (mountable, kind)
            for mountable, kind in found.items()
            if kind not in {"unknown", "LVM2_member", "linux_raid_member"}
        ]

    def _file_system(self, mountable: str, kind: str) -> FileSystem:
        place = self.place(mountable)
        self.mountables[place] = mountable
        usage: dict[str, int | None] = {"size_bytes": self._device_size(mountable)}
        journal, error = self._journal_on_disk(mountable, kind), ""
        if kind not in NOT_MOUNTED:
            try:
                mounted, journal = self._look_inside(place, mountable, kind, journal)
                usage |= mounted
            except GuestfsRefused as refused:
                error = f"could not be mounted: {_reason(refused)}"
        return FileSystem(
            place=place,
            roles=self._roles(place),
            type=kind,
            label=self._text("vfs_label", mountable),
            uuid=self._text("vfs_uuid", mountable),
            journal=Journal.UNKNOWN if kind == "swap" else journal,
            error=error,
            **usage,
        )

    def _look_inside(
        self, place: str, mountable: str, kind: str, journal: Journal
    ) -> tuple[dict[str, int | None], Journal]:
        said = self._kernel_log() if kind == "xfs" else ""
        self.worker.call("umount_all")
        self.worker.mount(mountable, b"/", options=mount_options(kind))
        try:
            usage = _usage(self.worker.call("statvfs", "/"))
            if any(all(self._is_there(path) for path in signs) for signs in _ROOT_SIGNS):
                self.os_places.append(place)
            if journal is Journal.PENDING:
                journal = Journal.REPLAYED
            elif kind == "xfs":
                journal = xfs_journal(self._kernel_log().removeprefix(said))
        finally:
            self.worker.call("umount_all")
        return usage, journal

    def _journal_on_disk(self, mountable: str, kind: str) -> Journal:
        """Read from an ext file system's superblock whether its journal waits to be replayed, before any mount."""
        if not _EXT.fullmatch(kind):
            return Journal.UNKNOWN
        block = self._ask(f"the journal of {self.place(mountable)}", b"", "pread_device", mountable, 1024, 1024)
        return ext_journal(block)

    def _kernel_log(self) -> str:
        return str(self._ask("the appliance's kernel log", "", "dmesg"))

    def _is_there(self, path: bytes) -> bool:
        try:
            self.worker.stat(path)
        except GuestfsRefused:
            return False
        return True

    def _encrypted(self, mountable: str, kind: str) -> EncryptedVolume:
        place = self.place(mountable)
        head = self._ask(f"the header of {place}", b"", "pread_device", mountable, 8, 0)
        version = f"luks{head[7]}" if kind == "crypto_LUKS" and len(head) == 8 else kind.casefold()
        return EncryptedVolume(
            place=place, roles=self._roles(place), type=version, uuid=self._text("vfs_uuid", mountable)
        )

    def _device_size(self, mountable: str) -> int | None:
        device = match["device"] if (match := _SUBVOLUME.fullmatch(mountable)) else mountable
        size: int | None = self._ask(f"the size of {self.place(mountable)}", None, "blockdev_getsize64", device)
        return size

    def place(self, mountable: str) -> str:
        """Return the stable name of what libguestfs calls `/dev/sda1`, `/dev/VG/LV`, `btrfsvol:/dev/sda1/@` …"""
        if match := _SUBVOLUME.fullmatch(mountable):
            return f"{self.place(match['device'])}[{match['path']}]"
        match = _DEVICE.fullmatch(mountable)
        role = self.devices.get(match["disk"]) if match else None
        if match is None or role is None:
            return mountable
        return partition_place(role, int(match["number"])) if match["number"] else role.name

    def _roles(self, place: str) -> tuple[DiskRole, ...]:
        base = place.partition("[")[0]
        if base.startswith("/dev/"):
            return self.lv_roles.get(base, ())
        return (DiskRole.parse(base.partition(":")[0]),)

    def _text(self, name: str, mountable: str) -> str:
        """Ask for a text that may hold any bytes; what is not UTF-8 is escaped."""
        what = f"{name} of {self.place(mountable)}"
        raw: bytes = self._guarded(what, b"", lambda: self.worker.text(name, mountable.encode()))
        return raw.decode("utf-8", "backslashreplace")

    def _ask(self, what: str, default: Any, name: str, *args: Any) -> Any:
        return self._guarded(what, default, lambda: self.worker.call(name, *args))

    def _guarded(self, what: str, default: Any, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except GuestfsRefused as refused:
            self._note(what, _reason(refused))
            return default

    def _note(self, what: str, reason: str) -> None:
        self.undetermined.append(Undetermined(what=what, reason=reason))


def ext_journal(superblock: bytes) -> Journal:
    """Read the feature flags of an ext superblock: is there a journal, and does it wait to be replayed?"""
    if len(superblock) < 0x64 or superblock[0x38:0x3A] != b"\x53\xef":
        return Journal.UNKNOWN
    compatible, incompatible = struct.unpack_from("<II", superblock, 0x5C)
    pending = compatible & _EXT_HAS_JOURNAL and incompatible & _EXT_NEEDS_RECOVERY
    return Journal.PENDING if pending else Journal.CLEAN


def xfs_journal(kernel_log: str) -> Journal:
    """Read from what the kernel said while mounting; XFS has no flag for it on the disk."""
    if re.search(r"XFS \(.+\): Starting recovery", kernel_log):
        return Journal.REPLAYED
    return Journal.CLEAN if re.search(r"XFS \(.+\): Ending clean mount", kernel_log) else Journal.UNKNOWN


def _table(word: str) -> TableKind:
    known = {"gpt": TableKind.GPT, "msdos": TableKind.MBR, "loop": TableKind.NONE}
    return known.get(word, TableKind.OTHER)


def _usage(row: Mapping[str, int]) -> dict[str, int | None]:
    unit = row["frsize"]
    return {
        "size_bytes": row["blocks"] * unit,
        "used_bytes": (row["blocks"] - row["bfree"]) * unit,
        "free_bytes": row["bfree"] * unit,
        "inodes": row["files"],
        "inodes_free": row["ffree"],
    }


def _physical_volume(row: Mapping[str, Any], place: str, group: str) -> PhysicalVolume:
    return PhysicalVolume(
        place=place,
        uuid=lvm_uuid(row["pv_uuid"]),
        group=group,
        size_bytes=row["pv_size"],
        free_bytes=row["pv_free"],
    )


def _volume_group(row: Mapping[str, Any], missing: set[str]) -> VolumeGroup:
    return VolumeGroup(
        name=row["vg_name"],
        uuid=lvm_uuid(row["vg_uuid"]),
        size_bytes=row["vg_size"],
        free_bytes=row["vg_free"],
        missing_volumes=len(missing),
    )


def _logical_volume(row: Mapping[str, Any], group: str) -> LogicalVolume:
    return LogicalVolume(
        name=row["lv_name"],
        group=group,
        uuid=lvm_uuid(row["lv_uuid"]),
        size_bytes=row["lv_size"],
        active=row["lv_attr"][4:5] == "a",
    )


def _group_of(uuid: str, holdings: Mapping[str, set[str]]) -> str:
    return next((group for group, held in holdings.items() if uuid in held), "")


def lvm_uuid(bare: str) -> str:
    """Write an LVM UUID as LVM does: groups of 6-4-4-4-4-4-6."""
    ends = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(bare[start:end] for start, end in pairwise(ends)) if len(bare) == 32 else bare


def _reason(refused: GuestfsRefused) -> str:
    return refused.message.strip().splitlines()[-1] if refused.message.strip() else "libguestfs gave no reason"
