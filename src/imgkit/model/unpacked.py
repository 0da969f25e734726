"""An archive, who reads it, and the one disk that came out of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.model.formats import DiskFormat


class TarEngine(StrEnum):
    """Who unpacks a tar. `AUTO` is GNU tar where it is found, and the built-in reader where it is not."""

    AUTO = "auto"
    GNU = "gnu"
    BUILTIN = "builtin"


class ArchiveKind(StrEnum):
    """What a file is by its content. `DISK` is a bare disk image, `MARKUP` an error or login page saved as a file."""

    GZIP = "gzip"
    XZ = "xz"
    BZIP2 = "bzip2"
    ZSTD = "zstd"
    TAR = "tar"
    DISK = "disk"
    MARKUP = "markup"
    EMPTY = "empty"
    UNKNOWN = "unknown"

    @property
    def unpackable(self) -> bool:
        """Whether to hand it to unpacking: all but a bare disk image, and what may be one.

        Unpacking refuses a saved page and an empty file by its name.
        """
        return self not in {ArchiveKind.DISK, ArchiveKind.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedDisk:
    """One disk image that came out of an archive, whole and proven.

    `chunks` and `sha256` are over the bytes of `path`. `format` was found in these bytes, unless the caller said it.
    `member_name` and `companions` are names inside the archive made harmless to show; `member_name` is empty where the
    archive was a compressed disk without a tar. `data_bytes` are the bytes of those 4 KiB pages that are not all zero.
    `gzip_crc32_held` says that every gzip member's CRC-32 and length were checked and fit; False where it is no gzip.
    `engine` is `BUILTIN` or `GNU`, with GNU tar's version in `tool_version`.
    """

    path: Path
    format: DiskFormat
    size: int
    chunks: ChunkDigests
    sha256: str
    member_name: str
    data_bytes: int
    engine: TarEngine
    tool_version: str
    archive_kind: ArchiveKind
    gzip_crc32_held: bool
    companions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
