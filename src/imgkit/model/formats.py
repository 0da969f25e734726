"""The five formats of disk images."""

from enum import StrEnum


class DiskFormat(StrEnum):
    """A disk image's format, in the words of the command line and of ECS."""

    RAW = "raw"
    VHD = "vhd"
    QCOW2 = "qcow2"
    VDI = "vdi"
    VMDK = "vmdk"

    @property
    def qemu_name(self) -> str:
        """The name of the format's driver in QEMU."""
        return "vpc" if self is DiskFormat.VHD else self.value

    @property
    def suffix(self) -> str:
        """The file name's ending, with the dot."""
        return f".{self.value}"
