"""Disks with pools of ZFS: a system on one, a mirror of two with a data set that wants to be /usr, one cut off in use.

A fourth has no room left, and has data sets that are shared, and not mounted by themselves.

An appliance without ZFS cannot make them: Debian's has it from the package libguestfs-zfs.
"""

from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.partitioning import LINUX, NewPartition, make_disk
from imgkit.tools.guestfs_zfs import START
from imgkit.units import MiB

_BYTES = 96 * MiB
_STATUS = "Package: bash\\nStatus: install ok installed\\nVersion: 5.2.15-2\\nArchitecture: amd64\\n"
_USERS = "root:x:0:0:root:/root:/bin/bash\\n"
ODD_NAME = b"caf\xe9 \n"
ODD_MOUNT_POINT = b"/caf\xe9\n\tx"
LARGE_BYTES, LARGE_LINE = 3_000_007, "tank"


def zfs_works(folder: Path) -> tuple[Work, ...]:
    """Make empty disks in `folder`, and return the work that puts pools on them; `torn` is to be cut off."""
    return _rooted(folder), _mirror(folder), _torn(folder), _full(folder)


def _rooted(folder: Path) -> Work:
    """A system in its data sets, as Debian's and Ubuntu's installers lay it out, on a partition."""

    def lines(devices: Sequence[str]) -> Sequence[str]:
        at = "/run/imgkit-made/rpool"
        return (
            *_pool("rpool", f"{devices[0]}1"),
            "zfs create -o mountpoint=none rpool/ROOT",
            "zfs create -o mountpoint=/ rpool/ROOT/debian",
            f"mkdir -p {at}/etc {at}/var {at}/home",
            f'printf \'ID=debian\\nVERSION_ID="12"\\nPRETTY_NAME="Debian on ZFS"\\n\' > {at}/etc/os-release',
            f"printf '{_USERS}' > {at}/etc/passwd",
            f"printf 'rpool/srv /srv zfs defaults 0 0\\n' > {at}/etc/fstab",
            f"mkdir {at}/srv",
            "zfs create -o mountpoint=/var rpool/var",
            f"mkdir -p {at}/var/lib/dpkg",
            f"printf '{_STATUS}' > {at}/var/lib/dpkg/status",
            "zfs create -o mountpoint=/home rpool/home",
            f"mkdir {at}/home/admin",
            "zfs create -o mountpoint=legacy rpool/srv",
            f"name=$(printf '{_octal(ODD_MOUNT_POINT)}x'); name=${{name%x}}; mkdir \"{at}$name\"",
            'zfs create -o mountpoint="$name" rpool/odd',
            f'echo odd > "{at}$name/file"',
            "zpool export rpool",
        )

    disk = folder / "zfs-system.raw"
    uuid = "A1B2C3D4-0006-4000-8000-000000000006"
    partition = NewPartition(start_bytes=MiB, size_bytes=_BYTES - 2 * MiB, type=LINUX, uuid=uuid, name="rpool")
    make_disk(disk, _BYTES, "7F0B54D8-3A5E-4B57-9B8E-0A3C5D7E9F10", [partition])
    return Work(name="zfs-system", disks=(disk,), lines=lines)


def _mirror(folder: Path) -> Work:
    """Two whole disks. One of the data sets has the mount point of the programs of whoever looks."""

    def lines(devices: Sequence[str]) -> Sequence[str]:
        at = "/run/imgkit-made/tank"
        return (
            *_pool("tank", f"mirror {devices[0]} {devices[1]}"),
            "zfs create -o mountpoint=/data -o compression=on tank/data",
            f"mkdir {at}/data/folder",
            f"yes {LARGE_LINE} | head -c {LARGE_BYTES} > {at}/data/folder/large",
            f"ln -s folder/large {at}/data/link",
            f"name=$(printf '{_octal(ODD_NAME)}x'); echo odd > \"{at}/data/${{name%x}}\"",
            f"chown 1000:1001 {at}/data/folder; chmod 2750 {at}/data/folder",
            "zfs snapshot tank/data@before",
            "zfs create -o mountpoint=/usr tank/usr",
            f"mkdir -p {at}/usr/bin {at}/usr/sbin",
            f"for one in mount umount zfs zpool stat find; do echo '#!/bin/false' > {at}/usr/bin/$one; done",
            f"cp {at}/usr/bin/* {at}/usr/sbin; chmod -R 755 {at}/usr",
            # OpenZFS takes such a mount point, and it leads out of whatever root a pool is given.
            "zfs create -o canmount=noauto -o mountpoint=/../../../../../../usr tank/climber",
            "zfs set canmount=on tank/climber",
            "zpool export tank",
        )

    disks = tuple(_empty(folder / f"zfs-mirror-{number}.raw") for number in (1, 2))
    return Work(name="zfs-mirror", disks=disks, lines=lines)


def _torn(folder: Path) -> Work:
    """A pool in use by another machine, with a file that was synced right before the power went."""

    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            *_pool("torn", devices[0]),
            "zfs create -o mountpoint=/torn torn/data",
            "zpool set failmode=continue torn",
            "sync; sleep 1",
            "echo synced | dd of=/run/imgkit-made/torn/torn/late conv=fsync 2>/dev/null",
        )

    return Work(name="zfs-torn", disks=(_empty(folder / "zfs-torn.raw"),), lines=lines)


def _full(folder: Path) -> Work:
    """All that was free is reserved, so that with zfs-fuse not a property can be set, as where it is full of files.

    One data set would be shared at once, with what lies below it.
    """

    def lines(devices: Sequence[str]) -> Sequence[str]:
        at = "/run/imgkit-made/full"
        return (
            *_pool("full", devices[0]),
            "zfs create -o mountpoint=/data full/data",
            "zfs create -o mountpoint=legacy full/shared",
            "zfs create full/shared/below",
            "zfs create 'full/shared/below 1'",
            "zfs set sharenfs=on full/shared 2>/dev/null || true",
            "zfs create -o canmount=off -o mountpoint=/off full/off",
            f"echo kept > {at}/data/file",
            "zfs create full/reserved",
            "sync",
            "zfs set reservation=$(zfs get -Hp -o value available full/reserved) full/reserved",
            # OpenZFS keeps room for properties, zfs-fuse does not.
            "[ -e /sys/module/zfs ] || if zfs set canmount=noauto full/data 2>/dev/null; then exit 1; fi",
            "zpool export full",
        )

    return Work(name="zfs-full", disks=(_empty(folder / "zfs-full.raw", 80 * MiB),), lines=lines)


def _octal(raw: bytes) -> str:
    """Return bytes for `printf`."""
    return "".join(f"\\{byte:03o}" for byte in raw)


def _pool(name: str, made_of: str) -> Sequence[str]:
    return (
        f"( {START} ) >/dev/null",
        f"mkdir -p /run/imgkit-made/{name}",
        f"zpool create -f -R /run/imgkit-made/{name} -m none {name} {made_of} 2>/dev/null",
    )


def _empty(target: Path, size: int = _BYTES) -> Path:
    with target.open("xb") as file:
        file.truncate(size)
    return target
