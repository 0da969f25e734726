"""The lines of fstab, and the file systems of the set that they mean."""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.model.fact import Fact
from imgkit.model.role import DiskRole
from imgkit.model.storage import Mount


class MountKind(StrEnum):
    """What the first field of a line of fstab names; `dataset`: one of ZFS."""

    DEVICE = "device"
    UUID = "uuid"
    LABEL = "label"
    PARTUUID = "partuuid"
    PARTLABEL = "partlabel"
    NETWORK = "network"
    VIRTUAL = "virtual"
    FOLDER = "folder"
    DATASET = "dataset"


class EntryState(StrEnum):
    """`elsewhere`: it never lay on these disks (a network share, memory, a folder bound to another place)."""

    FOUND = "found"
    UNRESOLVED = "unresolved"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabEntry:
    """One line of fstab, and the file system or swap space of this set that it means.

    `place` is as in `storage`. `missing_role` is the disk that it lies on and that is not in the set.
    """

    line: int
    spec: str
    folder: bytes
    type: str
    options: tuple[str, ...]
    dump: int
    check_pass: int
    kind: MountKind
    state: EntryState
    place: str = ""
    reason: str = ""
    missing_role: DiskRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MountUnit:
    """A unit of systemd that mounts something or swaps to it; `place` as in `storage`, or why there is none."""

    path: bytes
    what: str
    where: str
    type: str
    options: str
    state: EntryState
    place: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptEntry:
    """A line of crypttab: an encrypted volume, opened under a name; `key` is the file of its key or `none`."""

    line: int
    name: str
    device: str
    key: str
    options: tuple[str, ...]
    state: EntryState
    place: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayEntry:
    """An array that mdadm.conf names."""

    path: bytes
    line: int
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    """The lines of fstab, and what became of each when the file systems were put together; what else mounts or opens.

    `units`, `encrypted` and `arrays` are told; what they mount is not put together with the rest.
    """

    fstab: Fact[tuple[FstabEntry, ...]]
    mounted: tuple[Mount, ...]
    units: Fact[tuple[MountUnit, ...]]
    encrypted: Fact[tuple[CryptEntry, ...]]
    arrays: Fact[tuple[ArrayEntry, ...]]
