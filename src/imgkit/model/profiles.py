"""What each hypervisor or cloud wants of a disk image: format, options, whole sizes; with the reason and its source."""

from dataclasses import dataclass, field
from types import MappingProxyType

from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, GiB, MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A row of the table. `whole_bytes`: the disk's size must be a multiple of it, and is filled up with zeroes.

    `create_type` stands in a VMDK's descriptor where it is not the subformat's own. `is_archive` says that the disk
    goes into a `.tar.gz` under the name that the importer asks for.
    """

    name: str
    format: DiskFormat
    reason: str
    source: str
    options: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    whole_bytes: int = SECTOR_BYTES
    create_type: str = ""
    is_archive: bool = False

    @property
    def is_one_image(self) -> bool:
        """Whether it is one disk image in one file, which an image set can hold."""
        return not self.is_archive and not self.create_type

    @property
    def suffix(self) -> str:
        """The ending of the file's name, with the profile in it: `.esxi.vmdk`."""
        return f".{self.name}" + (".tar.gz" if self.is_archive else self.format.suffix)


def _options(**options: str) -> MappingProxyType[str, str]:
    return MappingProxyType(options)


_STREAM = _options(subformat="streamOptimized", adapter_type="lsilogic", hwversion="10")

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="kvm",
            format=DiskFormat.QCOW2,
            options=_options(compat="1.1"),
            reason="QEMU's own format: sparse, snapshots, checked by qemu-img",
            source="https://www.qemu.org/docs/master/system/images.html",
        ),
        Profile(
            name="proxmox",
            format=DiskFormat.QCOW2,
            options=_options(compat="1.1"),
            reason="`qm disk import` takes it, for every kind of storage",
            source="https://pve.proxmox.com/pve-docs/qm.1.html",
        ),
        Profile(
            name="virtualbox",
            format=DiskFormat.VDI,
            reason="VirtualBox's own format; dynamic",
            source="https://www.virtualbox.org/manual/topics/storage.html",
        ),
        Profile(
            name="hyper-v",
            format=DiskFormat.VHD,
            options=_options(subformat="dynamic"),
            reason="for machines of generation 1; generation 2 (UEFI) wants VHDX: Convert-VHD makes it",
            source="https://learn.microsoft.com/en-us/powershell/module/hyper-v/convert-vhd",
        ),
        Profile(
            name="azure",
            format=DiskFormat.VHD,
            options=_options(subformat="fixed"),
            whole_bytes=MiB,
            reason="fixed VHD whose disk is a whole number of MiB; no other is taken",
            source="https://learn.microsoft.com/en-us/azure/virtual-machines/linux/create-upload-generic",
        ),
        Profile(
            name="esxi",
            format=DiskFormat.VMDK,
            options=_STREAM,
            reason="to be imported (OVF): streamOptimized of version 3, with a SCSI adapter",
            source="https://github.com/vmware/open-vmdk",
        ),
        Profile(
            name="esxi-datastore",
            format=DiskFormat.VMDK,
            options=_options(subformat="monolithicFlat", adapter_type="lsilogic", hwversion="10"),
            create_type="vmfs",
            reason="to be copied onto a datastore as it is: a descriptor and the flat extent beside it",
            source="https://vmfsrecover.com/articles/how-to-recover-missed-vmdk-descriptor-file",
        ),
        Profile(
            name="workstation",
            format=DiskFormat.VMDK,
            options=_options(subformat="monolithicSparse", adapter_type="lsilogic", hwversion="10"),
            reason="Workstation and Fusion open a growing disk in one file",
            source="https://github.com/vmware/open-vmdk",
        ),
        Profile(
            name="aws",
            format=DiskFormat.VMDK,
            options=_STREAM,
            reason="VM Import takes stream-optimized VMDK, which is the least to upload",
            source="https://docs.aws.amazon.com/vm-import/latest/userguide/prerequisites.html",
        ),
        Profile(
            name="gcp",
            format=DiskFormat.RAW,
            whole_bytes=GiB,
            is_archive=True,
            reason="a raw disk of whole GiB, named disk.raw, in a .tar.gz of GNU tar's old format",
            source="https://cloud.google.com/compute/docs/import/import-existing-image",
        ),
        Profile(
            name="ecs",
            format=DiskFormat.QCOW2,
            options=_options(compat="1.1"),
            reason="ImportImage takes qcow2, and it is the least to upload",
            source="https://www.alibabacloud.com/help/en/ecs/user-guide/import-custom-images",
        ),
    )
}
