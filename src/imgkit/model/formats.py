"""The formats of disk images: five that are read and written, and VHDX, which is read."""

from enum import StrEnum


class DiskFormat(StrEnum):
    """A disk image's format, in the words of the command line and of ECS."""

    RAW = "raw"
    VHD = "vhd"
    QCOW2 = "qcow2"
    VDI = "vdi"
    VMDK = "vmdk"
    VHDX = "vhdx"

    @property
    def qemu_name(self) -> str:
        """The name of the format's driver in QEMU."""
        return "vpc" if self is DiskFormat.VHD else self.value

    @property
    def suffix(self) -> str:
        """The file name's ending, with the dot."""
        return f".{self.value}"


WRITTEN_FORMATS = (DiskFormat.RAW, DiskFormat.VHD, DiskFormat.QCOW2, DiskFormat.VDI, DiskFormat.VMDK)
"""What imgkit converts to, and what ECS exports."""
