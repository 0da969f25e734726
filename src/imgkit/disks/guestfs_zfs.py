"""Pools of ZFS through libguestfs' appliance: put together from their disks, their data sets as file systems."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imgkit.disks.guestfs_asking import Asking, short_reason
from imgkit.disks.guestfs_encrypted import Opener
from imgkit.disks.guestfs_places import ZFS_PREFIX, Places
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.storage import EncryptedState, EncryptedVolume, Member, Pool, Undetermined
from imgkit.tools.guestfs import GuestfsRefused
from imgkit.units import describe_bytes

log = logging.getLogger(__name__)

ZFS, ZFS_MEMBER = "zfs", "zfs_member"
_LACKING = {
    "programs": "this appliance of libguestfs has no ZFS (Debian has it as libguestfs-zfs)",
    "module": "this appliance of libguestfs has the programs of ZFS, and its kernel no module for it",
}
_OPENZFS = " (zfs-fuse reads pools up to version 23; OpenZFS in libguestfs' appliance reads this one)"
_WRONG_KEY = re.compile(r"Incorrect key|Key load error|must be 32 bytes|Raw key|hex", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file system of a pool. `mountpoint` is where its machine mounts it by itself, empty where it does not."""

    place: str
    name: str
    guid: str
    mountpoint: bytes = b""


@dataclass(slots=True, kw_only=True)
class PoolOpener:
    """Puts pools together, and opens their encrypted data sets with the keys that were given."""

    asking: Asking
    places: Places
    opener: Opener
    pools: list[Pool] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)

    def open(self, members: Mapping[str, Member]) -> list[Member]:
        """Take the members by their devices; return them with what kept their pool from being put together."""
        if not members:
            return []
        try:
            told = self.asking.worker.find_pools(sorted(members))
        except GuestfsRefused as refused:
            return [replace(one, error=short_reason(refused)) for one in members.values()]
        lacking = _LACKING.get(told["driver"], "")
        errors = {pool["guid"]: self._take(pool, members, told["driver"]) for pool in told["pools"]}
        otherwise = lacking or "no pool could be put together of the disks that are here"
        return [replace(one, error=errors.get(one.uuid, otherwise)) for one in members.values()]

    def _take(self, told: Mapping[str, Any], members: Mapping[str, Member], driver: str) -> str:
        """Note a pool; return why it is not there, empty where it is."""
        if told["error"] and not told["datasets"]:
            remedy = _OPENZFS if driver == "fuse" and "newer" in told["error"] else ""
            return f"its pool could not be put together: {_last_line(told['error'])}{remedy}"
        places = tuple(sorted(one.place for one in members.values() if one.uuid == told["guid"]))
        pool = Pool(
            place=ZFS_PREFIX + told["called"],
            name=told["name"],
            uuid=told["guid"],
            state=told["state"],
            members=places,
            missing_disks=told["missing"],
            snapshots=told["snapshots"],
        )
        self.places.pools[pool.place] = places
        self.pools.append(pool)
        if told["error"]:
            self.asking.note(pool.place, told["error"])
        closed = self._closed(told["datasets"])
        for row in sorted(told["datasets"], key=lambda row: str(row["name"])):
            if row["type"] == "volume":
                self._volume(row)
            elif row["name"] not in closed:
                one = _dataset(row)
                self.datasets[one.place] = one
        return ""

    def _volume(self, row: Mapping[str, str]) -> None:
        size = describe_bytes(int(row["volsize"])) if row.get("volsize", "").isdecimal() else "unknown size"
        reason = f"a volume of ZFS (zvol, {size}), which is not looked into"
        self.asking.undetermined.append(Undetermined(what=ZFS_PREFIX + row["name"], reason=reason))

    def _closed(self, rows: Sequence[Mapping[str, str]]) -> set[str]:
        """Return the names of what stays closed. One key opens all that has the same encryption root."""
        roots = {row["encryptionroot"]: row for row in rows if row.get("keystatus") in {"available", "unavailable"}}
        closed_roots = {name for name, row in sorted(roots.items()) if not self._opened(name, row)}
        return {row["name"] for row in rows if row.get("encryptionroot") in closed_roots}

    def _opened(self, name: str, row: Mapping[str, str]) -> bool:
        place = ZFS_PREFIX + name
        state, error = self._try_keys(name, place)
        self.opener.volumes.append(
            EncryptedVolume(
                place=place,
                roles=self.places.roles(place),
                type=ZFS,
                uuid=row.get("guid", ""),
                cipher=row.get("encryption", ""),
                state=state,
                error=error,
            )
        )
        return state is EncryptedState.OPENED

    def _try_keys(self, name: str, place: str) -> tuple[EncryptedState, str]:
        fitting = [key for key in self.opener.keys if key.fits(place)]
        if not fitting:
            return EncryptedState.NO_KEY, ""
        error = ""
        for secret in (secret for key in fitting for secret in key.secrets):
            try:
                self.asking.worker.open_dataset(name, secret)
            except GuestfsRefused as refused:
                error = "" if _WRONG_KEY.search(refused.message) else error or short_reason(refused)
                log.debug("%s was not opened: %s", place, short_reason(refused))
                continue
            return EncryptedState.OPENED, ""
        return EncryptedState.REFUSED, error


def mounted_by_themselves(datasets: Mapping[str, Dataset], root: str, cache: bytes) -> Iterator[FstabEntry]:
    """Yield what ZFS mounts beside a root on ZFS, as lines of an fstab that has none: zfs-mount.service reads none.

    `cache` is the system's /etc/zfs/zpool.cache, which names the pools that it opens when it starts.
    """
    for number, one in enumerate(datasets.values()):
        same_pool = _pool(one.place) == _pool(root)
        if one.place == root or one.mountpoint in {b"", b"/"} or not (same_pool or _pool(one.place).encode() in cache):
            continue
        yield FstabEntry(
            line=_BEHIND_FSTAB + number,
            spec=one.name,
            folder=one.mountpoint,
            type=ZFS,
            options=(),
            dump=0,
            check_pass=0,
            kind=MountKind.DATASET,
            state=EntryState.FOUND,
            place=one.place,
            reason="by its own mount point",
        )


_BEHIND_FSTAB = 1_000_000_000


def _pool(place: str) -> str:
    return place.removeprefix(ZFS_PREFIX).partition("/")[0]


def _dataset(row: Mapping[str, str]) -> Dataset:
    wanted = row.get("mountpoint", "")
    by_itself = row.get("canmount") == "on" and wanted.startswith("/")
    return Dataset(
        place=ZFS_PREFIX + row["name"],
        name=row["name"],
        guid=row.get("guid", ""),
        mountpoint=wanted.encode() if by_itself else b"",
    )


def _last_line(words: str) -> str:
    lines = words.strip().splitlines()
    return lines[-1].strip() if lines else words
