"""Which disk of a machine a disk is: the system disk, or a data disk with its device."""

import re
from dataclasses import dataclass
from typing import Self

SYSTEM = "system"
_DEVICE = re.compile(r"[a-z][a-z0-9]{0,31}")


@dataclass(frozen=True, slots=True, order=True)
class DiskRole:
    """`device` is the data disk's bare device name (`xvdb`), empty for the system disk: it sorts first."""

    device: str = ""

    def __post_init__(self) -> None:
        if self.device and not _DEVICE.fullmatch(self.device):
            raise ValueError(f"{self.device!r} is no device name such as xvdb")

    @classmethod
    def parse(cls, word: str) -> Self:
        """Read `system`, `xvdb` or `/dev/xvdb`. Raises ValueError."""
        name = word.removeprefix("/dev/")
        if not name:
            raise ValueError("a disk's role is `system` or a device such as xvdb")
        return cls("" if name == SYSTEM else name)

    @property
    def is_system(self) -> bool:
        return not self.device

    @property
    def name(self) -> str:
        """`system`, or the device: the stem of all file names of this disk in an image set."""
        return self.device or SYSTEM

    def __str__(self) -> str:
        return self.name
