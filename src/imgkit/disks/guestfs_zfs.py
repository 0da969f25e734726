"""Pools of ZFS through libguestfs' appliance: put together from their disks, their data sets as file systems."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imgkit.disks.guestfs_asking import Asking, short_reason
from imgkit.disks.guestfs_encrypted import Opener
from imgkit.disks.guestfs_places import ZFS_PREFIX, Places
from imgkit.disks.native.zfs_label import read_cache
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.storage import EncryptedState, EncryptedVolume, Member, Pool, Undetermined
from imgkit.tools.guestfs import GuestfsRefused
from imgkit.units import describe_bytes

log = logging.getLogger(__name__)

ZFS = "zfs"
_LACKING = {
    "programs": "this appliance of libguestfs has no ZFS (Debian has it as libguestfs-zfs)",
    "module": "this appliance of libguestfs has the programs of ZFS, and its kernel no module for it",
}
_OPENZFS = " (zfs-fuse reads pools up to version 23; OpenZFS in libguestfs' appliance reads this one)"
# As libzfs_crypto.c says it, also of keys that cannot be the right one by their length alone.
_WRONG_KEY = re.compile(r"Incorrect key provided|(?:Raw key|Hex key|Passphrase) (?:too|contains|must)|Invalid hex")
_NOT_USED = "its pool was put together without it, so nobody read it: it is a copy of a disk in it, or has left it"
_READ_ONLY = "it could be opened for reading alone: what its intent log holds is not in its files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file system of a pool. `mountpoint` is where its machine mounts it by itself, empty where it does not.

    `guid` is its own, `pool` its pool's.
    """

    place: str
    name: str
    guid: str
    pool: str
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
        devices = sorted(members)
        try:
            told = self.asking.worker.find_pools(devices)
        except GuestfsRefused as refused:
            return [replace(one, error=short_reason(refused)) for one in members.values()]
        otherwise = _LACKING.get(told["driver"], "") or "no pool could be put together of the disks that are here"
        errors = dict.fromkeys(devices, otherwise)
        for pool in told["pools"]:
            of_pool = [device for device in devices if members[device].uuid == pool["guid"]]
            if pool["error"]:
                remedy = _OPENZFS if told["driver"] == "fuse" and "newer" in pool["error"] else ""
                errors |= dict.fromkeys(of_pool, f"its pool could not be put together: {pool['error']}{remedy}")
                continue
            told_used = [devices[number] for number in pool["used"] if number < len(devices)]
            used = [device for device in told_used if members[device].uuid in {"", pool["guid"]}] or of_pool
            errors |= dict.fromkeys(of_pool, _NOT_USED) | dict.fromkeys(used, "")
            self._take(pool, tuple(sorted(members[device].place for device in used)))
        return [replace(one, error=errors[device]) for device, one in members.items()]

    def _take(self, told: Mapping[str, Any], members: tuple[str, ...]) -> None:
        """Note a pool with its data sets."""
        pool = Pool(
            place=ZFS_PREFIX + told["called"],
            name=told["name"],
            uuid=told["guid"],
            state=told["state"],
            members=members,
            missing_disks=told["missing"],
            snapshots=told["snapshots"],
        )
        self.places.pools[pool.place] = members
        self.pools.append(pool)
        for lacking in filter(None, (told["lacks"], _READ_ONLY if told["read_only"] else "")):
            self.asking.note(pool.place, lacking)
        closed = self._closed(told["datasets"])
        for row in sorted(told["datasets"], key=lambda row: str(row["name"])):
            if row["type"] == "volume":
                self._volume(row)
            elif row["name"] not in closed:
                one = _dataset(row, pool.uuid)
                self.datasets[one.place] = one

    def _volume(self, row: Mapping[str, str]) -> None:
        size = describe_bytes(int(row["volsize"])) if row.get("volsize", "").isdecimal() else "unknown size"
        reason = f"a volume of ZFS (zvol, {size}), which is not looked into"
        self.asking.undetermined.append(Undetermined(what=ZFS_PREFIX + row["name"], reason=reason))

    def _closed(self, rows: Sequence[Mapping[str, str]]) -> set[str]:
        """Return the names of what stays closed. One key opens all that has the same encryption root."""
        keyed = [row for row in rows if row.get("keystatus") in {"available", "unavailable"}]
        known = {row["name"]: row for row in keyed}
        roots = {root: known.get(root, row) for row in keyed if (root := row.get("encryptionroot", "-")) != "-"}
        closed_roots = {name for name, row in sorted(roots.items()) if not self._opened(name, row)}
        unclear = {row["name"] for row in keyed if row.get("encryptionroot", "-") == "-"}
        return unclear | {row["name"] for row in keyed if row.get("encryptionroot") in closed_roots}

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
    """Yield what ZFS mounts when a system starts, as lines of an fstab that has none: zfs-mount.service reads none.

    That is what lies in the root's own pool, and in those that the system opens: `cache` is its /etc/zfs/zpool.cache.
    """
    pools = read_cache(cache) | ({datasets[root].pool} if root in datasets else set())
    for number, one in enumerate(datasets.values()):
        if one.place == root or one.mountpoint in {b"", b"/"} or one.pool not in pools:
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


def _dataset(row: Mapping[str, str], pool: str) -> Dataset:
    wanted = row.get("mountpoint", "")
    by_itself = row.get("canmount") == "on" and wanted.startswith("/") and "\0" not in wanted
    return Dataset(
        place=ZFS_PREFIX + row["name"],
        name=row["name"],
        guid=row.get("guid", ""),
        pool=pool,
        mountpoint=wanted.encode("utf-8", "surrogateescape") if by_itself else b"",
    )
