"""What storage a machine has: its disks, partitions, LVM volumes, file systems and encrypted volumes.

Places are named in terms that do not change with the engine or the order of attaching: `system` and `xvdb` are whole
disks, `system:1` is the first partition of the system disk, `/dev/VG/LV` a logical volume, `zfs:POOL/DATASET` a data
set of ZFS. What could not be determined carries its reason, here in `error` or in `Storage.undetermined`: nothing found
is never the same as not looked.
"""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.model.role import DiskRole


class TableKind(StrEnum):
    """A disk's partition table. `none`: the disk has none, and may hold a file system or a physical volume itself."""

    GPT = "gpt"
    MBR = "mbr"
    NONE = "none"
    OTHER = "other"
    UNKNOWN = "unknown"


class Journal(StrEnum):
    """Whether changes wait in a file system's journal, that is, whether it was cut off in mid-work.

    `replayed`: they waited, and what is reported is the state with them, the disk image itself being untouched.
    """

    CLEAN = "clean"
    REPLAYED = "replayed"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of a disk that belongs to no partition."""

    start_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """`device` is the disk's name in its set (`system`, `xvdb`), the same whichever engine reads it.

    `problems` are contradictions in the partition table that do not keep it from being read; `gaps` are stretches of at
    least 1 MiB that no partition takes, where something may lie that the table does not tell of.
    """

    role: DiskRole
    device: str
    size_bytes: int
    table: TableKind
    error: str = ""
    problems: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def place(self) -> str:
        return self.role.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """`type` is the GUID of a GPT partition in capitals, or the MBR type such as `0x83`; `name` is GPT's."""

    role: DiskRole
    number: int
    start_bytes: int
    size_bytes: int
    type: str = ""
    uuid: str = ""
    name: str = ""
    bootable: bool = False
    error: str = ""

    @property
    def place(self) -> str:
        return partition_place(self.role, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalVolume:
    """`group` is the name of its volume group, empty while it belongs to none."""

    place: str
    uuid: str
    group: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeGroup:
    """`missing_volumes` counts physical volumes that belong to the group and are on none of these disks."""

    name: str
    uuid: str
    size_bytes: int
    free_bytes: int
    missing_volumes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalVolume:
    """`error` says why its content cannot be read, where that is so."""

    name: str
    group: str
    uuid: str
    size_bytes: int
    active: bool = True
    error: str = ""

    @property
    def place(self) -> str:
        return f"/dev/{self.group}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """A file system, or swap space.

    `used_bytes`, `free_bytes` and `inodes` are None where there is no such thing (swap) or `error` says why they could
    not be had. `roles` are the disks that it lies on: several for a volume group over several disks.
    """

    place: str
    roles: tuple[DiskRole, ...]
    type: str
    label: str = ""
    uuid: str = ""
    size_bytes: int | None = None
    used_bytes: int | None = None
    free_bytes: int | None = None
    inodes: int | None = None
    inodes_free: int | None = None
    journal: Journal = Journal.UNKNOWN
    error: str = ""


class EncryptedState(StrEnum):
    """`refused`: keys were given for it, and none of them opens it."""

    NO_KEY = "no_key"
    OPENED = "opened"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedVolume:
    """Something that cannot be read without a key; `type` is `luks1`, `luks2`, `bitlocker` …

    What it holds, once opened, has the same place. `error` says why it could not be opened, where it was not the key.
    """

    place: str
    roles: tuple[DiskRole, ...]
    type: str
    uuid: str = ""
    label: str = ""
    cipher: str = ""
    state: EncryptedState = EncryptedState.NO_KEY
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaidArray:
    """An array of Linux' MD driver; `members` are places. `devices` is how many it has when it is whole."""

    place: str
    uuid: str
    level: str
    devices: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of ZFS that was put together; `members` are places, its data sets are file systems named `zfs:POOL/…`.

    `state` is ZFS' own word (`ONLINE`, `DEGRADED`). `missing_disks` counts what belongs to it and is not here, or does
    not serve. `snapshots` counts those of all data sets; none of them is read.
    """

    place: str
    name: str
    uuid: str
    state: str
    members: tuple[str, ...]
    missing_disks: int = 0
    snapshots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A part of something that lies over several devices, such as an MD RAID array; `detail` says what of.

    `error` says why what it is part of was not put together; empty where that was done, or is not this engine's to say.
    """

    place: str
    roles: tuple[DiskRole, ...]
    type: str
    uuid: str = ""
    label: str = ""
    detail: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undetermined:
    """A question that could not be answered, and why; `what` is a place, or the question in words."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """All that was found on the disks of one machine, each list in the order of disks and partitions.

    `blank` are places that hold nothing known and whose first and last MiB are zeroes.
    """

    disks: tuple[Disk, ...] = ()
    partitions: tuple[Partition, ...] = ()
    physical_volumes: tuple[PhysicalVolume, ...] = ()
    volume_groups: tuple[VolumeGroup, ...] = ()
    logical_volumes: tuple[LogicalVolume, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    encrypted: tuple[EncryptedVolume, ...] = ()
    members: tuple[Member, ...] = ()
    arrays: tuple[RaidArray, ...] = ()
    pools: tuple[Pool, ...] = ()
    blank: tuple[str, ...] = ()
    undetermined: tuple[Undetermined, ...] = ()


class MountState(StrEnum):
    """What became of one line of fstab. `unresolved`: nothing on these disks answers to it, `reason` says more."""

    MOUNTED = "mounted"
    SKIPPED = "skipped"
    UNRESOLVED = "unresolved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of the machine's fstab, or a data set of ZFS that has a mount point, and what it is on these disks.

    `spec`, `folder`, `type` and `options` are as fstab has them (unreadable bytes escaped); `place` is the file
    system, empty unless found. `missing_role` names the disk that the line means and that is not in the set.
    """

    spec: str
    folder: str
    type: str
    options: str
    state: MountState
    place: str = ""
    reason: str = ""
    missing_role: DiskRole | None = None


def unknown_content(place: str) -> Undetermined:
    """Return what is to be said of a place that is not blank and holds nothing known, whoever looked."""
    reason = (
        "it is not blank, and it holds no partition table, file system, swap, LVM, RAID or encryption that is known"
    )
    return Undetermined(what=place, reason=reason)


def partition_place(role: DiskRole, number: int) -> str:
    """Return the stable name of a partition: `system:1`, `xvdb:2`."""
    return f"{role.name}:{number}"
