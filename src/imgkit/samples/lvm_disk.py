"""A disk with LVM, made inside libguestfs' appliance: LVM needs a kernel, and this machine's is left alone."""

from pathlib import Path

from imgkit.errors import ToolFailed
from imgkit.samples.partitioning import LVM, NewPartition, make_disk
from imgkit.samples.system_tree import DATA_GROUP, DATA_VOLUME
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive, open_appliance
from imgkit.units import GiB, MiB

_DISK_BYTES, _VOLUME_MIB, _SECOND_MIB = 1 * GiB, 64, 32
_DISK_UUID = "3D7A0B1C-92E4-4F6D-A8B5-C0E1F2D3A4B5"
_PARTITION_UUID = "A1B2C3D4-0004-4000-8000-000000000004"


def make_lvm_disk(path: Path, content: Path, *, settings: ApplianceSettings | None = None) -> None:
    """Make a disk with one volume group of two volumes: the first holds `content`, the second is swap space.

    LVM draws its UUIDs by lot, so the disk differs each time.
    """
    partition = NewPartition(
        start_bytes=1 * MiB, size_bytes=_DISK_BYTES - 2 * MiB, type=LVM, uuid=_PARTITION_UUID, name="lvm"
    )
    make_disk(path, _DISK_BYTES, _DISK_UUID, [partition])
    with open_appliance([Drive(path=path, writable=True), Drive(path=content)], settings=settings) as appliance:
        try:
            _fill(appliance.worker)
        except GuestfsRefused as refused:
            raise ToolFailed(f"the sample disk with LVM could not be made: {refused.message}") from refused


def _fill(worker: GuestfsWorker) -> None:
    disk, content = worker.call("list_devices")
    worker.call("pvcreate", f"{disk}1")
    worker.call("vgcreate", DATA_GROUP, [f"{disk}1"])
    worker.call("lvcreate", DATA_VOLUME, DATA_GROUP, _VOLUME_MIB)
    worker.call("lvcreate", "lv_swap", DATA_GROUP, _SECOND_MIB)
    worker.call("copy_device_to_device", content, f"/dev/{DATA_GROUP}/{DATA_VOLUME}", sparse=True)
    worker.call("mkswap", f"/dev/{DATA_GROUP}/lv_swap", label="swap")
    worker.call("sync")
