"""Storage facts through libguestfs: what is on the disks of a set, and what each file system holds.

Every question is asked by itself: one that fails is written down with its reason, and the others still are asked.
Partition tables are read by ourselves from the disk's bytes: each call that has libguestfs run parted or sgdisk costs
half a second under software emulation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imgkit.disks.journal_state import EXT_SUPERBLOCK, EXT_SUPERBLOCK_BYTES, ext_journal, xfs_journal
from imgkit.disks.lvm_guestfs import Lvm, LvmRows, bare_uuid, describe_lvm
from imgkit.disks.partition_table import read_table
from imgkit.disks.table_entries import gaps
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Journal,
    Partition,
    Storage,
    Undetermined,
    partition_place,
)
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.units import MiB

ENCRYPTED = frozenset({"crypto_LUKS", "BitLocker"})
NO_FILES = frozenset({"", "LVM2_member", "linux_raid_member"})
# What blkid's one word does not tell: subvolumes, volumes inside volumes.
_BLANK_BYTES = MiB
ASK_LIBGUESTFS = frozenset({"btrfs", "LDM_member", "zfs_member"})
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
_SUBVOLUME = re.compile(r"btrfsvol:(?P<device>/dev/(?:[a-z]+[0-9]*|[^/]+/[^/]+))/(?P<path>.+)")
_EXT = re.compile(r"ext[234]")


@dataclass(frozen=True, slots=True, kw_only=True)
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
    sizes: dict[str, int] = field(default_factory=dict)
    lvm: Lvm = field(default_factory=lambda: Lvm(lies_on={}))
    mountables: dict[str, str] = field(default_factory=dict)
    os_places: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    undetermined: list[Undetermined] = field(default_factory=list)

    def survey(self) -> Survey:
        self.devices = dict(zip(self.worker.call("list_devices"), self.roles, strict=True))
        seen = frozenset(self._ask("the partitions that a kernel accepts", [], "list_partitions"))
        read = [self._disk(device, role, seen) for device, role in self.devices.items()]
        partitions = tuple(partition for _, found in read for partition in found)
        self.lvm = self._lvm()
        self.sizes |= {partition.place: partition.size_bytes for partition in partitions}
        self.sizes |= {volume.place: volume.size_bytes for volume in self.lvm.logical}
        volumes = self._volumes(partitions, seen)
        file_systems = tuple(self._file_system(device, kind) for device, kind in volumes if kind not in ENCRYPTED)
        storage = Storage(
            disks=tuple(disk for disk, _ in read),
            partitions=partitions,
            physical_volumes=self.lvm.physical,
            volume_groups=self.lvm.groups,
            logical_volumes=self.lvm.logical,
            file_systems=file_systems,
            encrypted=tuple(self._encrypted(device, kind) for device, kind in volumes if kind in ENCRYPTED),
            blank=tuple(self.blank),
            undetermined=tuple(self.undetermined),
        )
        types = {one.place: one.type for one in file_systems}
        return Survey(storage=storage, mountables=self.mountables, types=types, os_places=tuple(self.os_places))

    def _disk(self, device: str, role: DiskRole, seen: frozenset[str]) -> tuple[Disk, list[Partition]]:
        size = self.worker.call("blockdev_getsize64", device)
        self.sizes[role.name] = size
        table = read_table(lambda offset, length: self._bytes(device, offset, length), size)
        partitions = [
            Partition(
                role=role,
                number=entry.number,
                start_bytes=entry.start_bytes,
                size_bytes=entry.size_bytes,
                type=entry.type,
                uuid=entry.uuid,
                name=entry.name,
                bootable=entry.bootable,
                error=entry.error
                or ("" if f"{device}{entry.number}" in seen else "a Linux kernel does not accept this entry"),
            )
            for entry in table.entries
        ]
        name = device.removeprefix("/dev/")
        disk = Disk(
            role=role,
            device=name,
            size_bytes=size,
            table=table.kind,
            error=table.error,
            problems=table.problems,
            gaps=gaps(table, size),
        )
        return disk, partitions

    def _bytes(self, device: str, offset: int, length: int) -> bytes:
        raw: bytes = self.worker.call("pread_device", device, length, offset)
        return raw

    def _lvm(self) -> Lvm:
        physical = self._ask("LVM physical volumes", [], "pvs_full")
        if not physical:
            return Lvm(lies_on={})
        groups = self._ask("LVM volume groups", [], "vgs_full")
        names = [row["vg_name"] for row in groups]
        rows = LvmRows(
            physical=tuple(physical),
            groups=tuple(groups),
            logical=tuple(self._ask("LVM logical volumes", [], "lvs_full")),
            members={name: self._uuids("vgpvuuids", name) for name in names},
            holdings={name: self._uuids("vglvuuids", name) for name in names},
        )
        return describe_lvm(rows, self.place)

    def _uuids(self, call: str, group: str) -> frozenset[str]:
        return frozenset(bare_uuid(one) for one in self._ask(f"the volumes of {group}", [], call, group))

    def _volumes(self, partitions: Sequence[Partition], seen: frozenset[str]) -> list[tuple[str, str]]:
        """Return libguestfs' names and types of all that may hold files, swap space or something encrypted.

        Each device is asked by itself: libguestfs' own list leaves out whole disks with LUKS.
        """
        parted = {partition.role for partition in partitions}
        holds_none = {partition.place for partition in partitions if partition.type in HOLDS_NONE}
        candidates = [device for device, role in self.devices.items() if role not in parted]
        candidates += sorted(device for device in seen if self.place(device) not in holds_none)
        candidates += [volume.place for volume in self.lvm.logical if volume.active]
        candidates += self._ask("MD arrays", [], "list_md_devices")
        found = {device: self._text("vfs_type", device) for device in sorted(candidates, key=self._order)}
        for device in [device for device, kind in found.items() if not kind]:
            if self._is_blank(device):
                self.blank.append(self.place(device))
            else:
                self._note(f"what {self.place(device)} holds", "nothing there that libguestfs knows")
        if ASK_LIBGUESTFS & set(found.values()):
            listed: dict[str, str] = self._ask("file systems", {}, "list_filesystems")
            found |= {device: kind for device, kind in listed.items() if kind != "unknown"}
        return [(device, kind) for device, kind in found.items() if kind not in NO_FILES]

    def _is_blank(self, device: str) -> bool:
        """Whether both ends are zeroes, where every partition table and file system of ours leaves something."""
        place = self.place(device)
        size = self.sizes.get(place) or 0
        ends = {0, max(0, size - _BLANK_BYTES)}
        what, count = f"the ends of {place}", min(_BLANK_BYTES, size)
        return size > 0 and all(
            self._ask(what, b"?", "pread_device", device, count, end) == bytes(count) for end in ends
        )

    def _order(self, device: str) -> tuple[int, int, str]:
        """Sort as disks and partitions are, volumes behind them."""
        match = _DEVICE.fullmatch(device)
        disks = list(self.devices)
        if match is None or match["disk"] not in disks:
            return len(disks), 0, device
        return disks.index(match["disk"]), int(match["number"] or 0), device

    def _file_system(self, mountable: str, kind: str) -> FileSystem:
        place = self.place(mountable)
        self.mountables[place] = mountable
        usage: dict[str, int | None] = {"size_bytes": self.sizes.get(place)}
        journal, error = self._journal_on_disk(mountable, kind), ""
        if kind != "swap":
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
            journal=journal,
            error=error,
            **usage,
        )

    def _look_inside(
        self, place: str, mountable: str, kind: str, journal: Journal
    ) -> tuple[dict[str, int | None], Journal]:
        said = self._kernel_log() if kind == "xfs" else ""
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
        """Read an ext file system's superblock before any mount: the flag is gone afterwards."""
        if not _EXT.fullmatch(kind):
            return Journal.UNKNOWN
        what = f"the journal of {self.place(mountable)}"
        block = self._ask(what, b"", "pread_device", mountable, EXT_SUPERBLOCK_BYTES, EXT_SUPERBLOCK)
        return ext_journal(block)

    def _kernel_log(self) -> str:
        return str(self._ask("the appliance's kernel log", "", "dmesg"))

    def _is_there(self, path: bytes) -> bool:
        try:
            self.worker.stat(path)
        except GuestfsRefused:
            return False
        return True

    def _encrypted(self, device: str, kind: str) -> EncryptedVolume:
        place = self.place(device)
        head = self._ask(f"the header of {place}", b"", "pread_device", device, 8, 0)
        version = f"luks{head[7]}" if kind == "crypto_LUKS" and len(head) == 8 else kind.casefold()
        return EncryptedVolume(place=place, roles=self._roles(place), type=version, uuid=self._text("vfs_uuid", device))

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
            return tuple(sorted({role for below in self.lvm.lies_on.get(base, ()) for role in self._roles(below)}))
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


def _usage(row: Mapping[str, int]) -> dict[str, int | None]:
    unit = row["frsize"]
    return {
        "size_bytes": row["blocks"] * unit,
        "used_bytes": (row["blocks"] - row["bfree"]) * unit,
        "free_bytes": row["bfree"] * unit,
        "inodes": row["files"],
        "inodes_free": row["ffree"],
    }


def _reason(refused: GuestfsRefused) -> str:
    return refused.message.strip().splitlines()[-1] if refused.message.strip() else "libguestfs gave no reason"
