"""What storage there is on the disks of one machine, read by imgkit itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from imgkit.disks.native.lvm_groups import Found, Lvm, assemble
from imgkit.disks.native.opening import open_file_system
from imgkit.disks.native.reader import BROKEN, FileSystemReader, reason_of
from imgkit.disks.native.signatures import LVM, MEMBERS, ZFS_SPARE, Signature, is_blank, recognise
from imgkit.disks.native.tree import Tree
from imgkit.disks.native.usage import Usage
from imgkit.disks.native.volume import Bytes, Window
from imgkit.disks.partition_table import read_table
from imgkit.disks.table_entries import EXTENDED_TYPES, PartitionTable, as_nouns
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    Member,
    Partition,
    Storage,
    TableKind,
    Undetermined,
    unknown_content,
)

ENCRYPTED = frozenset({"luks1", "luks2", "bitlocker"})
SWAP = frozenset({"swap", "swsuspend"})
_ROOT_SIGNS = ((b"/etc/os-release",), (b"/usr/lib/os-release",), (b"/etc/fstab", b"/etc/passwd"))
# Partitions that hold no file system by their nature: GRUB's core image, PReP boot, Microsoft's reserve.
_HOLDS_NONE = frozenset(
    {
        "21686148-6449-6E6F-744E-656564454649",
        "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
        "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",
        *EXTENDED_TYPES,
    }
)
_NOT_PUT_TOGETHER = "imgkit itself does not put this together; libguestfs may (--engine guestfs)"


@dataclass(slots=True, kw_only=True)
class Survey:
    """The storage, the readers of its file systems by their places, and the places that hold an operating system."""

    disks: Mapping[DiskRole, Bytes]
    readers: dict[str, FileSystemReader] = field(default_factory=dict)
    os_places: list[str] = field(default_factory=list)
    _undetermined: list[Undetermined] = field(default_factory=list)
    _blank: list[str] = field(default_factory=list)
    _file_systems: list[FileSystem] = field(default_factory=list)
    _encrypted: list[EncryptedVolume] = field(default_factory=list)
    _members: list[Member] = field(default_factory=list)
    _disks: list[Disk] = field(default_factory=list)
    _partitions: list[Partition] = field(default_factory=list)
    _physical: list[Found] = field(default_factory=list)
    _lvm: Lvm = field(default_factory=Lvm)

    def steps(self, skip: Mapping[str, str]) -> Iterator[str]:
        """Look at everything, and yield each place before it is looked at; those in `skip` are not, for that reason.

        What cannot be read is written down with its reason.
        """
        for role, disk in sorted(self.disks.items()):
            found, partitions = self._disk(role, disk)
            self._disks.append(found)
            self._partitions += partitions
        for place, roles, volume in self._candidates(tuple(self._partitions)):
            yield place
            self._look(place, roles, volume, skip.get(place, ""))
        self._lvm = assemble(self._physical)
        self._undetermined += self._lvm.undetermined
        for one in self._lvm.opened:
            yield one.place
            self._look(one.place, one.roles, one.volume, skip.get(one.place, ""))

    def storage(self) -> Storage:
        """Return what was found."""
        return Storage(
            disks=tuple(self._disks),
            partitions=tuple(self._partitions),
            physical_volumes=tuple(self._lvm.physical),
            volume_groups=tuple(self._lvm.groups),
            logical_volumes=tuple(self._lvm.logical),
            file_systems=tuple(self._file_systems),
            encrypted=tuple(self._encrypted),
            members=tuple(self._members),
            blank=tuple(self._blank),
            undetermined=tuple(self._undetermined),
        )

    def _disk(self, role: DiskRole, disk: Bytes) -> tuple[Disk, list[Partition]]:
        return as_nouns(_table(disk), role, size_bytes=disk.size)

    def _candidates(self, partitions: tuple[Partition, ...]) -> Iterator[tuple[str, tuple[DiskRole, ...], Bytes]]:
        """Yield all that may hold something: whole disks without a table, partitions, then logical volumes."""
        for role, disk in sorted(self.disks.items()):
            mine = [one for one in partitions if one.role == role]
            if not mine:
                yield role.name, (role,), disk
            for one in sorted(mine, key=lambda one: one.number):
                if one.type not in _HOLDS_NONE and one.start_bytes < disk.size:
                    yield one.place, (role,), Window(disk, one.start_bytes, one.size_bytes)

    def _look(self, place: str, roles: tuple[DiskRole, ...], volume: Bytes, refused: str) -> None:
        try:
            found = recognise(volume)
        except BROKEN as error:
            self._undetermined.append(Undetermined(what=place, reason=reason_of(error)))
            return
        if found is None:
            self._unknown(place, volume)
        elif found.type in ENCRYPTED:
            self._encrypted.append(
                EncryptedVolume(
                    place=place,
                    roles=roles,
                    type=found.type,
                    uuid=found.uuid,
                    label=found.label,
                    cipher=found.detail,
                )
            )
        elif found.type == LVM and not place.startswith("/dev/"):
            self._physical.append(Found(place=place, roles=roles, volume=volume))
        elif found.type in MEMBERS:
            self._member(place, roles, found)
        else:
            self._file_systems.append(self._file_system(place, roles, volume, found, refused))

    def _unknown(self, place: str, volume: Bytes) -> None:
        if is_blank(volume):
            self._blank.append(place)
        else:
            self._undetermined.append(unknown_content(place))

    def _member(self, place: str, roles: tuple[DiskRole, ...], found: Signature) -> None:
        self._members.append(
            Member(
                place=place,
                roles=roles,
                type=found.type,
                uuid=found.uuid,
                label=found.label,
                detail=found.detail,
                error="" if found.type == ZFS_SPARE else _NOT_PUT_TOGETHER,
            )
        )

    def _file_system(
        self, place: str, roles: tuple[DiskRole, ...], volume: Bytes, found: Signature, refused: str
    ) -> FileSystem:
        described = FileSystem(
            place=place, roles=roles, type=found.type, label=found.label, uuid=found.uuid, size_bytes=volume.size
        )
        if found.type in SWAP:
            return replace(described, size_bytes=found.size_bytes or volume.size)
        if refused:
            return replace(described, error=refused)
        try:
            self.readers[place], usage = open_file_system(found.type, volume)
        except BROKEN as error:
            known = Usage(size_bytes=found.size_bytes or volume.size, used_bytes=found.used_bytes)
            return _with_usage(described, known, error=reason_of(error))
        if self._holds_system(place):
            self.os_places.append(place)
        return _with_usage(described, usage)

    def _holds_system(self, place: str) -> bool:
        tree = Tree(0, {0: self.readers[place]})
        return any(all(_is_there(tree, path) for path in signs) for signs in _ROOT_SIGNS)


def _with_usage(found: FileSystem, usage: Usage, *, error: str = "") -> FileSystem:
    error = error or usage.error
    return replace(
        found,
        label=usage.label or found.label,
        size_bytes=usage.size_bytes,
        used_bytes=usage.used_bytes,
        free_bytes=usage.free_bytes,
        inodes=usage.inodes,
        inodes_free=usage.inodes_free,
        journal=usage.journal,
        error=error,
    )


def _is_there(tree: Tree, path: bytes) -> bool:
    try:
        tree.stat(path)
    except BROKEN:
        return False
    return True


def _table(disk: Bytes) -> PartitionTable:
    try:
        return read_table(lambda offset, length: disk.read(offset, max(0, min(length, disk.size - offset))), disk.size)
    except BROKEN as error:
        return PartitionTable(kind=TableKind.UNKNOWN, error=reason_of(error))
