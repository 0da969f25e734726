"""What a conversion leaves: the new disk image, and how it was proven."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.model.disk import Extent
from imgkit.model.formats import DiskFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One file of a converted image. `sha256` is the file's own, not the disk's in it; empty if not taken."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedImage:
    """A disk image as `convert` made it.

    `proven` says that its guest view was read back and has the chunk digests `chunk_root` and the exact size; without
    it `chunk_root` is empty. `files` begins with the image at `path`; a flat VMDK has its extent as a second one.
    `container` is set where the disk, then raw, lies in a file that is no disk image of ours: `e01`, `tar.gz`.
    `lost` is what a salvage could not read of the source: it is zeroes in the result.
    `arguments` are those of the program, empty where imgkit wrote the file itself. `notes` are for the user.
    """

    path: Path
    format: DiskFormat
    virtual_size: int
    source_size: int
    files: tuple[ResultFile, ...]
    proven: bool
    container: str = ""
    chunk_root: str = ""
    tool: str = ""
    tool_version: str = ""
    arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lost: tuple[Extent, ...] = ()

    @property
    def kind(self) -> str:
        """The container, or the format."""
        return self.container or self.format.value

    @property
    def sha256(self) -> str:
        """The digest of the file at `path`."""
        return self.files[0].sha256

    @property
    def padding_bytes(self) -> int:
        """Zeroes behind the source's end, in formats that hold whole sectors only."""
        return self.virtual_size - self.source_size
