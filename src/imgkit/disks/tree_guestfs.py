"""The files of a machine's disks through libguestfs: all disks of a set in one appliance, one file tree at a time."""

import errno
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from imgkit.disks.fstab_lines import describe_line, in_order, why_skipped
from imgkit.disks.guestfs_sweep import TreeSweep, read_digests, read_links
from imgkit.disks.guestfs_zfs import mounted_by_themselves
from imgkit.disks.storage_guestfs import Survey, mount_options, survey_storage
from imgkit.disks.tree_snapshot import KINDS
from imgkit.errors import CannotLookInside, ImgkitError, NeedsKey, NoSuchPathInside
from imgkit.model.mounts import FstabEntry
from imgkit.model.role import DiskRole
from imgkit.model.storage import Mount, MountState, Storage
from imgkit.model.tree import Entry, EntryKind
from imgkit.model.volume_key import VolumeKey
from imgkit.safe_text import safe_name
from imgkit.tools.guestfs import FileStat, GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import Appliance, ApplianceSettings, Drive, open_appliance
from imgkit.units import MiB

MEMORY_FOR_KEYS_MIB = (
    2560  # LUKS2 takes up to 1 GiB for turning a passphrase into a key, above what the appliance needs
)
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_LOCKED = 126  # ENOKEY of Linux
_SUBVOLUME_OPTION = re.compile(r"subvol(?:id)?=[^,\\\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MountStep:
    """Mount what libguestfs calls `mountable` at `folder` of the tree; `folder` is free of links."""

    mountable: str
    folder: bytes
    options: str


@contextmanager
def open_guestfs_machine(
    drives: Sequence[tuple[DiskRole, Drive]],
    *,
    settings: ApplianceSettings | None = None,
    keys: Sequence[VolumeKey] = (),
) -> Iterator["GuestfsMachine"]:
    """Open all disks of one machine together; `Drive` is a raw file, or the socket of an NBD server for other formats.

    `keys` are tried on encrypted volumes.

    Raises ToolMissing, ToolFailed, NoRoom, NotAccessible or CannotLookInside, each with its remedy.
    """
    ordered = sorted(drives, key=lambda pair: pair[0])
    if keys:
        settings = replace(settings or ApplianceSettings(), memory_mib=MEMORY_FOR_KEYS_MIB)
    with open_appliance([drive for _, drive in ordered], settings=settings) as appliance:
        yield GuestfsMachine(appliance, [role for role, _ in ordered], keys=keys)


class GuestfsMachine:
    """The disks of one machine in a running appliance.

    One file tree is mounted at a time: using another unmounts it, which takes a moment and loses nothing.
    """

    def __init__(self, appliance: Appliance, roles: Sequence[DiskRole], *, keys: Sequence[VolumeKey] = ()) -> None:
        self.appliance = appliance
        self._keys = tuple(keys)
        self._roles = tuple(roles)
        self._mounter = Mounter(worker=appliance.worker)
        self._survey: Survey | None = None

    @property
    def storage(self) -> Storage:
        """What storage the disks hold; asked once."""
        return self._surveyed().storage

    @property
    def os_places(self) -> tuple[str, ...]:
        """The file systems that hold an operating system's root, judged by os-release, fstab and passwd."""
        return self._surveyed().os_places

    def file_system_tree(self, place: str) -> "GuestfsTree":
        """Return the files of one file system by itself. Raises NoSuchPathInside when there is none of that name."""
        return GuestfsTree(self._mounter, (self._step(place, b"/", ""),))

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple["GuestfsTree", tuple[Mount, ...]]:
        """Return the files of the system on `root` with its other file systems where its fstab wants them.

        `entries` are the lines of that fstab, resolved; the answer says what became of each.
        """
        plan = [self._step(root, b"/", "")]
        mounts: dict[int, Mount] = {}
        for entry in in_order([*entries, *self._mounted_by_themselves(root)]):
            mount, step = self._try_mount(entry, root, plan)
            mounts[entry.line] = mount
            plan += [step] if step else []
        return GuestfsTree(self._mounter, tuple(plan)), tuple(mounts[line] for line in sorted(mounts))

    def inspect_os(self) -> tuple[tuple[str, str, str], ...]:
        """Ask libguestfs for its own opinion: place, distribution and product name of each root. Takes long (12 s)."""
        worker = self.appliance.worker
        names = {mountable: place for place, mountable in self._surveyed().mountables.items()}
        try:
            self._mounter.forget()
            roots = worker.call("inspect_os")
            return tuple(
                (
                    names.get(root, root),
                    worker.call("inspect_get_distro", root),
                    worker.call("inspect_get_product_name", root),
                )
                for root in roots
            )
        except GuestfsRefused as refused:
            raise CannotLookInside(f"libguestfs' own inspection failed: {refused.message}") from refused

    def _mounted_by_themselves(self, root: str) -> Sequence[FstabEntry]:
        """Return what ZFS mounts without fstab."""
        datasets = self._surveyed().datasets
        if not datasets:
            return ()
        try:
            cache = self.file_system_tree(root).read_file(b"/etc/zfs/zpool.cache", limit=MiB)
        except ImgkitError:
            cache = b""
        return tuple(mounted_by_themselves(datasets, root, cache))

    def _surveyed(self) -> Survey:
        if self._survey is None:
            try:
                self._mounter.forget()
                self._survey = survey_storage(self.appliance.worker, self._roles, self._keys)
            except GuestfsRefused as refused:
                raise CannotLookInside(f"libguestfs could not list the disks: {refused.message}") from refused
        return self._survey

    def _step(self, place: str, folder: bytes, extra: str) -> MountStep:
        survey = self._surveyed()
        mountable = survey.mountables.get(place)
        if mountable is None:
            raise NoSuchPathInside(
                f"there is no file system {place} on these disks",
                hint=f"There are: {', '.join(survey.mountables) or 'none'}",
            )
        options = mount_options(survey.types.get(place, ""))
        return MountStep(mountable=mountable, folder=folder, options=f"{options},{extra}" if extra else options)

    def _try_mount(self, entry: FstabEntry, root: str, plan: Sequence[MountStep]) -> tuple[Mount, MountStep | None]:
        mount = describe_line(entry)
        if entry.folder == b"/":
            reason = "" if entry.place == root else f"{root} is taken for the root"
            return replace(mount, state=MountState.MOUNTED, place=root, reason=reason), None
        skipped = why_skipped(entry)
        if skipped:
            return replace(mount, state=MountState.SKIPPED, reason=skipped), None
        if not entry.place:
            return mount, None
        try:
            self._mounter.use(plan)
            step = self._step(entry.place, self._mounter.real_folder(entry.folder), _subvolume(entry.options))
            self._mounter.use([*plan, step])
        except (GuestfsRefused, NoSuchPathInside) as error:
            return replace(mount, state=MountState.FAILED, reason=error.message), None
        return replace(mount, state=MountState.MOUNTED), step


@dataclass(slots=True, kw_only=True)
class Mounter:
    """What is mounted now, and how to get from there to what is wanted."""

    worker: GuestfsWorker
    mounted: list[MountStep] = field(default_factory=list)

    def use(self, plan: Sequence[MountStep]) -> None:
        """Mount exactly `plan`. Raises GuestfsRefused."""
        if self.mounted != list(plan[: len(self.mounted)]):
            self.forget()
        for step in plan[len(self.mounted) :]:
            self.worker.mount(step.mountable, step.folder, options=step.options)
            self.mounted.append(step)

    def forget(self) -> None:
        """Unmount everything."""
        self.worker.call("umount_all")
        self.mounted.clear()

    def real_folder(self, folder: bytes) -> bytes:
        """Return the folder that a mount point's path leads to, links followed inside the tree."""
        if not stat.S_ISDIR(self.worker.stat(folder, follow=True).mode):
            raise GuestfsRefused(f"{safe_name(folder)} is no folder", errno.ENOTDIR)
        return self.worker.text("realpath", folder)


class GuestfsTree:
    """The `FileTree` port over one plan of mounts; also reads in parts and makes checksums."""

    def __init__(self, mounter: Mounter, plan: tuple[MountStep, ...]) -> None:
        self._mounter = mounter
        self._plan = plan
        self._sweep = TreeSweep(self._use)

    def stat(self, path: bytes) -> Entry:
        known = self._sweep.entry(path)
        if known is not None:
            return known
        with self._translated("describe", path) as worker:
            return _entry(_last_part(path), worker.stat(_without_slash(path)))

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        known = self._sweep.folder(path)
        if known is not None:
            return known
        with self._translated("list", path) as worker:
            return tuple(sorted((_entry(*row) for row in worker.list_folder(path)), key=lambda entry: entry.name))

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        return b"".join(self.read_parts(path, limit=limit))

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        """Yield a regular file's first `limit` bytes at most in pieces, following links inside the tree."""
        with self._translated("read", path) as worker:
            for part in worker.read_parts(path, limit=limit):
                yield part
                self._mounter.use(self._plan)  # another tree may have been used meanwhile

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        """Return at most `length` bytes of a regular file from `offset` on, fewer where it ends."""
        with self._translated("read", path) as worker:
            return b"".join(worker.read_from(path, offset, limit=length))

    def stored(self, path: bytes, *, most: int) -> Sequence[tuple[int, int]]:
        """Return the first `most` stretches of a regular file, offset and length, that are more than holes."""
        with self._translated("find the content of", path) as worker:
            return worker.stored(path, most=most)

    def read_link(self, path: bytes) -> bytes:
        with self._translated("read the link", path) as worker:
            return worker.text("readlink", _without_slash(path))

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        known = self._sweep.attributes([path])
        if known is not None:
            return known[0]
        with self._translated("read the attributes of", path) as worker:
            return worker.xattrs(_without_slash(path))

    def one_xattr(self, folder: bytes, names: Sequence[bytes], attribute: bytes) -> Mapping[bytes, bytes]:
        """Return an attribute's value of each of these names of a folder that has it, by one call at most."""
        known: Sequence[Mapping[bytes, bytes] | None] | None = self._sweep.attributes([folder + name for name in names])
        if known is None:
            with self._translated("read the attributes in", folder) as worker:
                known = worker.xattrs_each(_without_slash(folder), names)
        found = {name: one[attribute] for name, one in zip(names, known, strict=False) if one and attribute in one}
        if len(known) != len(names) or None in known:
            raise CannotLookInside(f"not every file's attributes could be read in {safe_name(folder)}")
        return found

    def checksum(self, path: bytes, *, kind: str = "sha256") -> str:
        """Return the digest of a regular file in hexadecimal, made inside the appliance."""
        with self._translated("read", path) as worker:
            if not stat.S_ISREG(worker.stat(path, follow=True).mode):
                raise GuestfsRefused("not a regular file", errno.EINVAL)
            return worker.text("checksum", kind.encode(), path).decode("ascii")

    def digests(self) -> Mapping[bytes, str]:
        """Return the SHA-256 of every regular file by its path, made inside the appliance in one call."""
        with self._translated("read", b"/") as worker:
            return read_digests(worker)

    def links(self) -> Mapping[bytes, bytes]:
        """Return the target of every link by its path, in one call."""
        with self._translated("read", b"/") as worker:
            return read_links(worker)

    def _use(self) -> GuestfsWorker:
        self._mounter.use(self._plan)
        return self._mounter.worker

    @contextmanager
    def _translated(self, verb: str, path: bytes) -> Iterator[GuestfsWorker]:
        if not path.startswith(b"/"):
            raise ValueError(f"a path inside a disk begins with a slash: {safe_name(path)}")
        try:
            self._mounter.use(self._plan)
        except GuestfsRefused as refused:  # whatever its errno: nothing is known of the path then
            raise CannotLookInside(f"{self._plan[-1].mountable} could not be mounted: {refused.message}") from refused
        try:
            yield self._mounter.worker
        except GuestfsRefused as refused:
            raise _translate(refused, verb, path) from refused


def _translate(refused: GuestfsRefused, verb: str, path: bytes) -> ImgkitError:
    if refused.number in _ABSENT:
        return NoSuchPathInside(f"there is no {safe_name(path)} inside the disk")
    reason = refused.message.rpartition(": ")[2]
    if refused.number == _LOCKED:
        return NeedsKey(f"could not {verb} {safe_name(path)} inside the disk: it is encrypted, and no key was given")
    return CannotLookInside(f"could not {verb} {safe_name(path)} inside the disk: {reason}")


def _entry(name: bytes, found: FileStat | None) -> Entry:
    if found is None:  # its name stands in the folder, and the file system cannot say more
        return Entry(name=name, kind=EntryKind.OTHER, links=0)
    return Entry(
        name=name,
        kind=KINDS.get(stat.S_IFMT(found.mode), EntryKind.OTHER),
        size=found.size,
        mode=found.mode,
        uid=found.uid,
        gid=found.gid,
        inode=found.inode,
        links=found.links,
        modified_ns=found.modified_ns,
        accessed_ns=found.accessed_ns,
        changed_ns=found.changed_ns,
        file_system=found.device,
    )


def _subvolume(options: Sequence[str]) -> str:
    return ",".join(option for option in options if _SUBVOLUME_OPTION.fullmatch(option))


def _last_part(path: bytes) -> bytes:
    return _without_slash(path).rpartition(b"/")[2]


def _without_slash(path: bytes) -> bytes:
    return path.rstrip(b"/") or b"/"
