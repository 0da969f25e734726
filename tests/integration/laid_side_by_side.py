"""What two engines say of the same disks, in forms that can be laid side by side."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.integration.whole_trees import Row, rows_by_guestfs

from imgkit.disks.machine_native import NativeMachine
from imgkit.disks.tree_guestfs import GuestfsMachine, GuestfsTree
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.fstab import read_fstab
from imgkit.facts.guest import Guest
from imgkit.facts.last_logins import read_last_logins
from imgkit.facts.system import describe_system
from imgkit.facts.walking import DataWalk, walk_data
from imgkit.model.fact import Fact
from imgkit.model.logins import LastLogin
from imgkit.model.report import SystemReport
from imgkit.model.role import DiskRole
from imgkit.model.storage import FileSystem
from imgkit.model.subjects import EVERY_SUBJECT
from imgkit.model.tree import EntryKind
from imgkit.ports import FileTree
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """Images by the names of their files, each with a role of its own."""

    folder: Path
    roles: Mapping[str, DiskRole]

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.raw"

    def place(self, name: str) -> str:
        return self.roles[name].name


class Rows:
    """The kernel's reading, once for each place."""

    def __init__(self, machine: GuestfsMachine) -> None:
        self._machine = machine
        self._known: dict[str, dict[bytes, Row]] = {}

    def of(self, place: str) -> dict[bytes, Row]:
        if place not in self._known:
            self._known[place] = rows_by_guestfs(self._machine.file_system_tree(place))
        return self._known[place]


def placeless(row: Row, **changes) -> Row:
    """A row without the number of the file system, which only tells those of one tree apart."""
    return replace(row, entry=replace(row.entry, file_system=0, **changes))


def one_by_one(tree: GuestfsTree, path: bytes, row: Row) -> Row:
    """What is known of a path, each by a question of its own; the content of a file is read and not only digested."""
    target = tree.read_link(path) if row.entry.kind is EntryKind.LINK else b""
    content = b"".join(tree.read_parts(path, limit=2**30)) if row.entry.kind is EntryKind.FILE else None
    digest = "" if content is None else hashlib.sha256(content).hexdigest()
    return Row(entry=row.entry, target=target, digest=digest, xattrs=tree.xattrs(path))


def system_of(machine: NativeMachine | GuestfsMachine, place: str) -> SystemReport:
    guest, names = Guest(tree=machine.file_system_tree(place), label=place), DeviceNames(storage=machine.storage)
    return describe_system(guest, fstab=read_fstab(guest, names), names=names)


def last_logins(tree: FileTree) -> Fact[tuple[LastLogin, ...]]:
    return read_last_logins(Guest(tree=tree, label="x"))


def refuse_sweeps(worker: GuestfsWorker, kind: str) -> Iterator[bytes]:
    raise GuestfsRefused(f"debug: there is no {kind} in this appliance")


def data_of(tree: FileTree) -> DataWalk:
    return walk_data(Guest(tree=tree, label="x"), EVERY_SUBJECT)


def file_system(machine: NativeMachine | GuestfsMachine, place: str) -> FileSystem:
    return next(one for one in machine.storage.file_systems if one.place == place)
