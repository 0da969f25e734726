"""Disks in layers: LVM over two disks, thin volumes, MD RAID, LUKS inside and around LVM, btrfs with subvolumes."""

import random
from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.file_systems import MADE
from imgkit.samples.partitioning import LINUX, LVM, NewPartition, make_disk
from imgkit.units import MiB

PASSPHRASE = b"correct horse battery staple"
RAW_KEY = b"\0" + random.Random(MADE).randbytes(511)  # noqa: S311  # a sample's key guards nothing
_SMALL, _LARGE = 96 * MiB, 400 * MiB
_QUICK = "--pbkdf-force-iterations 1000 --pbkdf pbkdf2 -q"  # a sample's key need not withstand anybody
# Some folders, a file larger than a RAID's chunk and a volume's segment, and what says which disk it is.
_CONTENT = """mkdir -p /run/m/folder/below
echo {name} > /run/m/which
yes {name} | head -c 3000007 > /run/m/folder/large
ln -s folder/large /run/m/link
"""


def volume_works(folder: Path) -> tuple[Work, ...]:
    """Make empty disks in `folder`, and return the work that puts layers and files on them."""
    (folder / "passphrase").write_bytes(PASSPHRASE + b"\n")
    (folder / "raw-key").write_bytes(RAW_KEY)
    makers = (_group_on_two, _lvm_xfs, _thin, _raid1, _raid5, _luks_disk, _luks1_raw, _lvm_in_luks, _luks_in_lvm)
    return tuple(make(folder) for make in (*makers, _btrfs, _btrfs_on_two))


def _group_on_two(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        one, two = (f"{device}1" for device in devices)
        return (
            f"pvcreate -q {one} {two}",
            f"vgcreate -q vg_two {one} {two}",
            "lvcreate -q -Wn -y -i 2 -I 64 -L 32M -n lv_striped vg_two",
            "lvcreate -q -Wn -y -l 100%FREE -n lv_span vg_two",
            *_ext4("/dev/vg_two/lv_span", "span"),
            *_ext4("/dev/vg_two/lv_striped", "striped"),
            "vgchange -q -an vg_two",
        )

    disks = tuple(_with_partition(folder / f"group-{number}.raw", LVM) for number in (1, 2))
    return Work(name="group-on-two", disks=disks, lines=lines)


def _lvm_xfs(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"pvcreate -q {devices[0]}1",
            f"vgcreate -q vg_xfs {devices[0]}1",
            "lvcreate -q -Wn -y -l 100%FREE -n lv-root vg_xfs",
            "mkfs.xfs -q /dev/vg_xfs/lv-root",
            *_filled("/dev/vg_xfs/lv-root", "lvmxfs"),
            "vgchange -q -an vg_xfs",
        )

    return Work(name="lvm-xfs", disks=(_with_partition(folder / "lvm-xfs.raw", LVM, _LARGE),), lines=lines)


def _thin(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"pvcreate -q {devices[0]}",
            f"vgcreate -q vg_thin {devices[0]}",
            "lvcreate -q -Wn -y -L 64M -T vg_thin/pool",
            "lvcreate -q -Wn -y -V 200M -T vg_thin/pool -n lv_thin",
            *_ext4("/dev/vg_thin/lv_thin", "thin"),
            "vgchange -q -an vg_thin",
        )

    return Work(name="thin", disks=(_empty(folder / "thin.raw"),), lines=lines)


def _raid1(folder: Path) -> Work:
    return _raid(folder, "raid1", level=1, disks=2)


def _raid5(folder: Path) -> Work:
    return _raid(folder, "raid5", level=5, disks=3)


def _raid(folder: Path, name: str, *, level: int, disks: int) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        words = f"--level={level} --raid-devices={disks} --metadata=1.2 --assume-clean --run --homehost=sample"
        return (
            f"mdadm --create /dev/md/{name} --name={name} {words} {' '.join(devices)}",
            "udevadm settle || true",
            *_ext4(f"$(readlink -f /dev/md/{name})", name),
            f"mdadm --stop $(readlink -f /dev/md/{name})",
        )

    images = tuple(_empty(folder / f"{name}-{number}.raw") for number in range(1, disks + 1))
    return Work(name=name, disks=images, lines=lines)


def _luks_disk(folder: Path) -> Work:
    """LUKS2 on a whole disk, opened by a passphrase."""
    return _luks(folder, "luks-disk", "passphrase", 2)


def _luks1_raw(folder: Path) -> Work:
    """LUKS1 opened by a key of raw bytes."""
    return _luks(folder, "luks1-raw", "raw-key", 1)


def _luks(folder: Path, name: str, key: str, version: int) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            *_locked(devices[0], devices[1], key, name, version),
            *_ext4(f"/dev/mapper/{name}", name),
            f"cryptsetup close {name}",
        )

    return Work(name=name, disks=(_empty(folder / f"{name}.raw"),), sources=(_padded_key(folder, key),), lines=lines)


def _lvm_in_luks(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            *_locked(f"{devices[0]}1", devices[1], "passphrase", "outer", 2),
            "pvcreate -q /dev/mapper/outer",
            "vgcreate -q vg_inside /dev/mapper/outer",
            "lvcreate -q -Wn -y -l 100%FREE -n lv_root vg_inside",
            *_ext4("/dev/vg_inside/lv_root", "inside"),
            "vgchange -q -an vg_inside",
            "cryptsetup close outer",
        )

    disk = _with_partition(folder / "lvm-in-luks.raw", LINUX)
    return Work(name="lvm-in-luks", disks=(disk,), sources=(_padded_key(folder, "passphrase"),), lines=lines)


def _luks_in_lvm(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"pvcreate -q {devices[0]}",
            f"vgcreate -q vg_around {devices[0]}",
            "lvcreate -q -Wn -y -l 100%FREE -n lv_secret vg_around",
            *_locked("/dev/vg_around/lv_secret", devices[1], "passphrase", "inner", 2),
            *_ext4("/dev/mapper/inner", "around"),
            "cryptsetup close inner",
            "vgchange -q -an vg_around",
        )

    disk = _empty(folder / "luks-in-lvm.raw")
    return Work(name="luks-in-lvm", disks=(disk,), sources=(_padded_key(folder, "passphrase"),), lines=lines)


def _btrfs(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"mkfs.btrfs -q {devices[0]}",
            f"mkdir -p /run/m && mount {devices[0]} /run/m",
            "btrfs -q subvolume create /run/m/@",
            "btrfs -q subvolume create /run/m/@home",
            "mkdir -p /run/m/@/etc /run/m/@/home && echo ID=opensuse-leap > /run/m/@/etc/os-release",
            f"echo UUID=$(blkid -s UUID -o value {devices[0]}) / btrfs subvol=@ 0 0 > /run/m/@/etc/fstab",
            f"echo UUID=$(blkid -s UUID -o value {devices[0]}) /home btrfs subvol=@home 0 0 >> /run/m/@/etc/fstab",
            "echo root:x:0:0:root:/root:/bin/bash > /run/m/@/etc/passwd",
            "echo hello > /run/m/@home/hello",
            "btrfs -q subvolume snapshot -r /run/m/@ /run/m/@before",
            "umount /run/m",
        )

    return Work(name="btrfs", disks=(_empty(folder / "btrfs.raw", 256 * MiB),), lines=lines)


def _btrfs_on_two(folder: Path) -> Work:
    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"mkfs.btrfs -q -d raid0 -m raid1 {' '.join(devices)}",
            "btrfs device scan",
            *_filled(devices[0], "btrfs2"),
        )

    disks = tuple(_empty(folder / f"btrfs-on-two-{number}.raw", 256 * MiB) for number in (1, 2))
    return Work(name="btrfs-on-two", disks=disks, lines=lines)


def _locked(device: str, key_device: str, key: str, name: str, version: int) -> Sequence[str]:
    """Format with the key whose bytes are the beginning of `key_device`: a drive is padded to whole sectors."""
    size = len(PASSPHRASE) if key == "passphrase" else len(RAW_KEY)
    words = f"--keyfile-size {size} --key-file {key_device}"
    return (
        f"cryptsetup luksFormat {_QUICK} --type luks{version} {words} {device}",
        f"cryptsetup open {words} {device} {name}",
    )


def _padded_key(folder: Path, key: str) -> Path:
    target = folder / f"{key}.drive"
    if not target.exists():
        target.write_bytes((PASSPHRASE if key == "passphrase" else RAW_KEY).ljust(4096, b"\0"))
    return target


def _ext4(device: str, name: str) -> Sequence[str]:
    return (f"mke2fs -q -F -t ext4 -L {name} {device}", *_filled(device, name))


def _filled(device: str, name: str) -> Sequence[str]:
    return ("mkdir -p /run/m", f"mount {device} /run/m", _CONTENT.format(name=name), "umount /run/m")


def _empty(target: Path, size_bytes: int = _SMALL) -> Path:
    with target.open("xb") as file:
        file.truncate(size_bytes)
    return target


def _with_partition(target: Path, kind: str, size_bytes: int = _SMALL) -> Path:
    uuid = "A1B2C3D4-0005-4000-8000-000000000005"
    partition = NewPartition(start_bytes=MiB, size_bytes=size_bytes - 2 * MiB, type=kind, uuid=uuid, name="data")
    make_disk(target, size_bytes, "84C0D1AE-5D3B-4B0C-8F5E-3A9B7E2C1D65", [partition])
    return target
