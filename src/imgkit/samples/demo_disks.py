"""The three disks of the demo's machine: a Debian system, an XFS data disk, and a data disk with LVM."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgkit.files.whole import partial_path
from imgkit.model.role import DiskRole
from imgkit.samples.debian_packages import PackageFile, make_folders, write_file
from imgkit.samples.file_systems import make_ext4, make_xfs
from imgkit.samples.lvm_disk import make_lvm_disk
from imgkit.samples.partitioning import BIOS_BOOT, LINUX, NewPartition, make_disk
from imgkit.samples.system_tree import (
    LARGE_FILLER_BYTES,
    NOT_UTF8,
    OWNERS,
    ROOT_UUID,
    SMALL_FILLER_BYTES,
    build_system_tree,
)
from imgkit.tools.guestfs_appliance import ApplianceSettings
from imgkit.units import GiB, MiB

SYSTEM, DATA_B, DATA_C = DiskRole(), DiskRole("xvdb"), DiskRole("xvdc")
DATA_UUID = "9b1f6f0a-34c1-4d0e-8a53-6d2d1f7e9c02"
VOLUME_UUID = "c7d2a4b8-1e6f-4f39-b0aa-58e1c94d3706"
_SYSTEM_DISK_UUID = "2F1E7C52-6B1A-4C7D-9E0F-1B6D5A3C8E70"
_DATA_DISK_UUID = "84C0D1AE-5D3B-4B0C-8F5E-3A9B7E2C1D64"
_PARTITION_UUIDS = (
    "A1B2C3D4-0001-4000-8000-000000000001",
    "A1B2C3D4-0002-4000-8000-000000000002",
    "A1B2C3D4-0003-4000-8000-000000000003",
)
_DATA_DISK_BYTES = 1 * GiB  # ECS sells whole GiB
_XFS_BYTES = _DATA_DISK_BYTES - 2 * MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDisk:
    """One raw disk of the sample machine."""

    role: DiskRole
    path: Path
    size_bytes: int


def make_demo_disks(
    folder: Path, *, small: bool = True, settings: ApplianceSettings | None = None
) -> tuple[SampleDisk, ...]:
    """Make `system.raw`, `xvdb.raw` and `xvdc.raw` in `folder`, as any user; `small` holds about 15 MiB of data.

    Raises ToolMissing naming the package, TargetExists, and what launching libguestfs raises (LVM is made inside it).
    """
    folder.mkdir(parents=True, exist_ok=True)
    return (
        make_system_disk(folder, small=small),
        make_xfs_disk(folder),
        _publish(folder, DATA_C, lambda path, scratch: _make_lvm(path, scratch, settings)),
    )


def make_system_disk(folder: Path, *, small: bool = True) -> SampleDisk:
    """Make the system disk: GPT, a BIOS boot partition, and an ext4 root with a real dpkg database."""
    return _publish(folder, SYSTEM, lambda path, scratch: _make_system(path, scratch, small=small))


def make_xfs_disk(folder: Path) -> SampleDisk:
    """Make the data disk that fstab calls /dev/vdb: GPT and one XFS."""
    return _publish(folder, DATA_B, _make_data)


def _publish(folder: Path, role: DiskRole, make: Callable[[Path, Path], None]) -> SampleDisk:
    target = folder / f"{role.name}.raw"
    with (
        partial_path(target) as partial,
        tempfile.TemporaryDirectory(prefix=".imgkit-sample-", dir=folder) as scratch,
    ):
        make(partial, Path(scratch))
    return SampleDisk(role=role, path=target, size_bytes=target.stat().st_size)


def _make_system(path: Path, scratch: Path, *, small: bool) -> None:
    size = 1 * GiB if small else 4 * GiB
    root, packages, image = scratch / "root", scratch / "packages", scratch / "root.ext4"
    for made in (root, packages):
        make_folders(made)
    build_system_tree(root, scratch=packages, filler_bytes=SMALL_FILLER_BYTES if small else LARGE_FILLER_BYTES)
    root_bytes = size - 4 * MiB
    make_ext4(image, root, size_bytes=root_bytes, uuid=ROOT_UUID, label="cloudimg-root", owners=OWNERS)
    boot = NewPartition(start_bytes=1 * MiB, size_bytes=1 * MiB, type=BIOS_BOOT, uuid=_PARTITION_UUIDS[0], name="bios")
    system = NewPartition(
        start_bytes=2 * MiB, size_bytes=root_bytes, type=LINUX, uuid=_PARTITION_UUIDS[1], name="root", content=image
    )
    make_disk(path, size, _SYSTEM_DISK_UUID, [boot, system])


def _make_data(path: Path, scratch: Path) -> None:
    tree, image = scratch / "data", scratch / "data.xfs"
    for name, content in (
        ("backups/shop-2024-02-29.sql", b"INSERT INTO orders VALUES (1, 'tea');\n" * 20_000),
        ("backups/README", b"Nightly dumps of the shop's database.\n"),
        (os.fsdecode(NOT_UTF8), b"a name that is not UTF-8\n"),
    ):
        write_file(tree, PackageFile(path=name, content=content))
    (tree / "latest").symlink_to("backups/shop-2024-02-29.sql")
    make_xfs(image, tree, size_bytes=_XFS_BYTES, uuid=DATA_UUID, label="data")
    partition = NewPartition(
        start_bytes=1 * MiB, size_bytes=_XFS_BYTES, type=LINUX, uuid=_PARTITION_UUIDS[2], name="data", content=image
    )
    make_disk(path, _DATA_DISK_BYTES, _DATA_DISK_UUID, [partition])


def _make_lvm(path: Path, scratch: Path, settings: ApplianceSettings | None) -> None:
    tree, image = scratch / "www", scratch / "www.ext4"
    write_file(tree, PackageFile(path="www/index.html", content=b"<h1>The shop</h1>\n"))
    write_file(tree, PackageFile(path="www/warm-up", content=b"#!/bin/sh\nexec true\n", mode=0o755))
    make_ext4(image, tree, size_bytes=64 * MiB, uuid=VOLUME_UUID, label="www")
    make_lvm_disk(path, image, settings=settings)
