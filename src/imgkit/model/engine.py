"""Who reads the disks."""

from enum import StrEnum


class Engine(StrEnum):
    """`native` is imgkit's own reader, `guestfs` a virtual machine; `auto` takes the second where it is needed."""

    AUTO = "auto"
    NATIVE = "native"
    GUESTFS = "guestfs"
    BOTH = "both"
