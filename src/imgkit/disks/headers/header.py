"""What a header says, in more detail than DiskImageInfo holds: what is needed to open the image safely."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imgkit.disks.headers.block_map import BlockLayout
from imgkit.model.disk import DiskImageInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a file that holds the guest's bytes as they are, one after the other."""

    path: Path
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Cylinders, heads and sectors, as a header claims them."""

    cylinders: int
    heads: int
    sectors: int

    @property
    def sector_count(self) -> int:
        return self.cylinders * self.heads * self.sectors


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader(DiskImageInfo):
    """The header of the disk image at `path`.

    `region` is set where the guest's bytes can be read without any knowledge of the format: raw, fixed VHD, flat VMDK;
    `blocks` where they lie in blocks whose places imgkit itself can read.
    `files` are all files that the image consists of. `allocated_bytes` is None where the format has no such notion, or
    where its tables were too large to be walked. `unreadable` says why its bytes cannot be
    had although the header is sound. `backing` is only ever set where the caller allowed it.
    """

    path: Path
    files: tuple[Path, ...]
    region: Region | None = None
    blocks: BlockLayout | None = None
    geometry: Geometry | None = None
    allocated_bytes: int | None = None
    snapshots: tuple[str, ...] = ()
    snapshot_count: int = 0
    encrypted: bool = False
    unreadable: str = ""
    dirty: bool = False
    corrupt: bool = False
    backing_name: bytes = b""
    backing_format: str = ""
    backing: Self | None = None
