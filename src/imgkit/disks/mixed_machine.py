"""A machine read by two engines: each file system by the one that sees more of it, each system by one alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from imgkit.model.mounts import FstabEntry
from imgkit.model.storage import Member, Mount, Storage, Undetermined
from imgkit.ports import FileTree, Machine


class MixedMachine:
    """`wanted` are the places that libguestfs is to read, as far as it can; what only it finds is its own too."""

    def __init__(self, native: Machine, guestfs: Machine, wanted: Mapping[str, str]) -> None:
        self._native, self._guestfs = native, guestfs
        known = {one.place for one in native.storage.file_systems}
        readable = [one.place for one in guestfs.storage.file_systems if not one.error]
        self.by_guestfs = frozenset(place for place in readable if place in wanted or place not in known)
        self.storage = _merged(native.storage, guestfs.storage, self.by_guestfs, wanted)

    @property
    def os_places(self) -> Sequence[str]:
        mine = [place for place in self._native.os_places if place not in self.by_guestfs]
        return (*mine, *(place for place in self._guestfs.os_places if place in self.by_guestfs))

    def file_system_tree(self, place: str) -> FileTree:
        return self._engine(place).file_system_tree(place)

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple[FileTree, Sequence[Mount]]:
        places = {root, *(entry.place for entry in entries)}
        engine = self._native if self.by_guestfs.isdisjoint(places) else self._guestfs
        return engine.system_tree(root, entries)

    def _engine(self, place: str) -> Machine:
        return self._guestfs if place in self.by_guestfs else self._native


def _merged(native: Storage, guestfs: Storage, by_guestfs: frozenset[str], wanted: Mapping[str, str]) -> Storage:
    theirs = {one.place: one for one in guestfs.file_systems}
    mine = {one.place: one for one in native.file_systems}
    places = list(dict.fromkeys([*mine, *theirs]))
    chosen = [theirs[place] if place in by_guestfs else mine.get(place) or theirs[place] for place in places]
    # A part of what libguestfs puts together under one name, such as the second disk of a btrfs, has none of its own.
    whole = [one for one in chosen if not (one.error and one.place in wanted and one.place not in theirs)]
    layered = guestfs if any(place not in mine for place in by_guestfs) else native
    return replace(
        native,
        physical_volumes=layered.physical_volumes,
        volume_groups=layered.volume_groups,
        logical_volumes=layered.logical_volumes,
        file_systems=tuple(whole),
        encrypted=guestfs.encrypted if layered is guestfs or guestfs.encrypted else native.encrypted,
        members=layered.members if layered is guestfs else _members(native, guestfs),
        arrays=guestfs.arrays,
        pools=guestfs.pools,
        undetermined=native.undetermined + _new(native, guestfs),
    )


def _members(native: Storage, guestfs: Storage) -> tuple[Member, ...]:
    """Return each part of an array or a pool with what libguestfs says of it, which tried to put it together."""
    theirs = {one.place: one for one in guestfs.members}
    return tuple(theirs.get(one.place, one) for one in native.members)


def _new(native: Storage, guestfs: Storage) -> tuple[Undetermined, ...]:
    known = {one.what for one in native.undetermined}
    return tuple(one for one in guestfs.undetermined if one.what not in known)
