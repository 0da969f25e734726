"""Disk images and what their bytes are made of."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskImage:
    """One disk as a file on this machine. The format was said by the user, by the set, or found by its content."""

    path: Path
    format: DiskFormat
    role: DiskRole | None = None


class Reader(StrEnum):
    """Who reads the blocks of an image: imgkit itself, wherever it can, or qemu-nbd. They share no code."""

    IMGKIT = "imgkit"
    QEMU = "qemu"


class ExtentKind(StrEnum):
    """`ZERO` reads as zeroes and need not be read."""

    DATA = "data"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of a guest view."""

    start: int
    length: int
    kind: ExtentKind

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskImageInfo:
    """What a disk image's header says, as our own guard read it. Sizes in bytes.

    `notes` are things that a user should know and that do not forbid using it.
    """

    format: DiskFormat
    virtual_size: int
    file_size: int
    subformat: str = ""
    creator: str = ""
    notes: tuple[str, ...] = ()
