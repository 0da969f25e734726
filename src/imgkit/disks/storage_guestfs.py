"""Storage facts through libguestfs: what is on the disks of a set, and what each file system holds.

Every question is asked by itself: one that fails is written down with its reason, and the others still are asked.
Partition tables are read by ourselves from the disk's bytes: each call that has libguestfs run parted or sgdisk costs
half a second under software emulation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from imgkit.disks.guestfs_asking import Asking, short_reason
from imgkit.disks.guestfs_encrypted import Opener
from imgkit.disks.guestfs_places import Places
from imgkit.disks.guestfs_signatures import DeviceBytes
from imgkit.disks.guestfs_volumes import BTRFS, Finder
from imgkit.disks.guestfs_zfs import ZFS, Dataset, PoolOpener
from imgkit.disks.journal_state import EXT_SUPERBLOCK, EXT_SUPERBLOCK_BYTES, ext_journal, xfs_journal
from imgkit.disks.native.ntfs_log import read_log_state
from imgkit.disks.native.reader import BROKEN
from imgkit.disks.partition_table import read_table
from imgkit.disks.table_entries import TableEntry, as_nouns
from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, FileSystem, Journal, Partition, Storage
from imgkit.model.volume_key import VolumeKey
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker

_ROOT_SIGNS = ((b"/etc/os-release",), (b"/usr/lib/os-release",), (b"/etc/fstab", b"/etc/passwd"))
WITHOUT_INODES = frozenset({"btrfs", "exfat", "ntfs", "vfat", "zfs"})  # their drivers make up a number, or say 0
_EXT = re.compile(r"ext[234]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The storage, what libguestfs calls each place, and the places that hold an operating system.

    `datasets` are the file systems of ZFS by their places.
    """

    storage: Storage
    mountables: Mapping[str, str]
    types: Mapping[str, str]
    os_places: tuple[str, ...]
    datasets: Mapping[str, Dataset]


def survey_storage(worker: GuestfsWorker, roles: Sequence[DiskRole], keys: Sequence[VolumeKey] = ()) -> Survey:
    """Ask for everything. `roles` are the disks in the order in which they were added."""
    places = Places(devices=dict(zip(worker.call("list_devices"), roles, strict=True)))
    asking = Asking(worker=worker)
    opener = Opener(asking=asking, places=places, keys=keys)
    sizes: dict[str, int] = {}
    zfs = PoolOpener(asking=asking, places=places, opener=opener)
    finder = Finder(asking=asking, places=places, opener=opener, sizes=sizes, zfs=zfs)
    return _Surveyor(asking=asking, places=places, opener=opener, finder=finder, sizes=sizes).survey()


def mount_options(kind: str) -> str:
    """Return options for looking at an untrusted file system of this type."""
    careful = "ro,nodev,nosuid,noexec"
    return f"{careful},nouuid" if kind == "xfs" else careful  # a copy of a mounted XFS has its UUID, and is refused


@dataclass(slots=True, kw_only=True)
class _Surveyor:
    asking: Asking
    places: Places
    opener: Opener
    finder: Finder
    sizes: dict[str, int]
    mountables: dict[str, str] = field(default_factory=dict)
    os_places: list[str] = field(default_factory=list)

    def survey(self) -> Survey:
        seen = frozenset(self.asking.ask("the partitions that a kernel accepts", [], "list_partitions"))
        read = [self._disk(device, role, seen) for device, role in self.places.devices.items()]
        partitions = tuple(partition for _, found in read for partition in found)
        self.sizes |= {partition.place: partition.size_bytes for partition in partitions}
        volumes = self.finder.find(partitions, seen)
        file_systems = _without_doubles(tuple(self._file_system(device, kind) for device, kind in volumes))
        lvm = self.finder.lvm
        storage = Storage(
            disks=tuple(disk for disk, _ in read),
            partitions=partitions,
            physical_volumes=lvm.physical,
            volume_groups=lvm.groups,
            logical_volumes=lvm.logical,
            file_systems=file_systems,
            encrypted=tuple(self.opener.volumes),
            members=tuple(self.finder.members),
            arrays=tuple(self.places.arrays.values()),
            pools=tuple(self.finder.zfs.pools),
            blank=tuple(self.finder.blank),
            undetermined=tuple(self.asking.undetermined),
        )
        types = {one.place: one.type for one in file_systems}
        return Survey(
            storage=storage,
            mountables=self.mountables,
            types=types,
            os_places=tuple(self.os_places),
            datasets=self.finder.zfs.datasets,
        )

    def _disk(self, device: str, role: DiskRole, seen: frozenset[str]) -> tuple[Disk, list[Partition]]:
        size = self.asking.worker.call("blockdev_getsize64", device)
        self.sizes[role.name] = size
        table = read_table(lambda offset, length: self._bytes(device, offset, length), size)

        def refused(entry: TableEntry) -> str:
            return "" if f"{device}{entry.number}" in seen else "a Linux kernel does not accept this entry"

        return as_nouns(table, role, size_bytes=size, refused=refused)

    def _bytes(self, device: str, offset: int, length: int) -> bytes:
        raw: bytes = self.asking.worker.call("pread_device", device, length, offset)
        return raw

    def _file_system(self, mountable: str, kind: str) -> FileSystem:
        place = self.places.place(mountable)
        self.mountables[place] = mountable
        datasets = self.finder.zfs.datasets
        usage: dict[str, int | None] = {"size_bytes": self.sizes.get(place)}
        journal, error = self._journal_on_disk(mountable, kind), ""
        if kind != "swap":
            try:
                mounted, journal = self._look_inside(place, mountable, kind, journal)
                usage |= mounted
            except GuestfsRefused as refused:
                error = f"could not be mounted: {short_reason(refused)}"
        return FileSystem(
            place=place,
            roles=self.places.roles(place),
            type=kind,
            label="" if kind == ZFS else self._text("vfs_label", mountable),
            uuid=datasets[place].guid if kind == ZFS else self._text("vfs_uuid", mountable),
            journal=journal,
            error=error,
            **usage,
        )

    def _look_inside(
        self, place: str, mountable: str, kind: str, journal: Journal
    ) -> tuple[dict[str, int | None], Journal]:
        said = self._kernel_log() if kind == "xfs" else ""
        self.asking.worker.mount(mountable, b"/", options=mount_options(kind))
        try:
            usage = _usage(self.asking.worker.call("statvfs", "/"))
            if kind == ZFS:  # a data set has no size of its own, and what is free in its pool changes by our import
                usage |= {"size_bytes": None, "free_bytes": None}
            if kind in WITHOUT_INODES:
                usage |= {"inodes": None, "inodes_free": None}
            if any(all(self._is_there(path) for path in signs) for signs in _ROOT_SIGNS):
                self.os_places.append(place)
            if journal is Journal.PENDING and _EXT.fullmatch(kind):
                journal = Journal.REPLAYED
            elif kind == "xfs":
                journal = xfs_journal(self._kernel_log().removeprefix(said))
        finally:
            self.asking.worker.call("umount_all")
        return usage, journal

    def _journal_on_disk(self, mountable: str, kind: str) -> Journal:
        """Read an ext file system's superblock before any mount, since the flag is gone afterwards, or NTFS' log.

        The latter is not replayed by a driver that may not write.
        """
        if kind == "ntfs":
            return self._ntfs_log(mountable)
        if not _EXT.fullmatch(kind):
            return Journal.UNKNOWN
        what = f"the journal of {self.places.place(mountable)}"
        block = self.asking.ask(what, b"", "pread_device", mountable, EXT_SUPERBLOCK_BYTES, EXT_SUPERBLOCK)
        return ext_journal(block)

    def _ntfs_log(self, mountable: str) -> Journal:
        place = self.places.place(mountable)
        try:
            return read_log_state(DeviceBytes(self.asking.worker, mountable, self.sizes.get(place, 0)))
        except BROKEN:  # as the other engine has it
            return Journal.UNKNOWN

    def _kernel_log(self) -> str:
        return str(self.asking.ask("the appliance's kernel log", "", "dmesg"))

    def _is_there(self, path: bytes) -> bool:
        try:
            self.asking.worker.stat(path)
        except GuestfsRefused:
            return False
        return True

    def _text(self, name: str, mountable: str) -> str:
        return self.asking.text(f"{name} of {self.places.place(mountable)}", name, mountable)


def _without_doubles(file_systems: Sequence[FileSystem]) -> tuple[FileSystem, ...]:
    """A btrfs over several disks answers on each of them: it is given once, on all of them."""
    first: dict[str, FileSystem] = {}
    for one in file_systems:
        whole = one.type == BTRFS and one.uuid and not one.error
        key = f"{one.uuid}[{one.place.partition('[')[2]}" if whole else one.place
        known = first.setdefault(key, one)
        if known is not one:
            first[key] = replace(known, roles=tuple(sorted({*known.roles, *one.roles})))
    return tuple(first.values())


def _usage(row: Mapping[str, int]) -> dict[str, int | None]:
    unit = row["frsize"]
    return {
        "size_bytes": row["blocks"] * unit,
        "used_bytes": (row["blocks"] - row["bfree"]) * unit,
        "free_bytes": row["bfree"] * unit,
        "inodes": row["files"],
        "inodes_free": row["ffree"],
    }
