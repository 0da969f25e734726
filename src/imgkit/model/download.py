"""An object on this machine, and how that came about."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.model.cloud_object import ObjectInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedObject:
    """A whole object as a local file.

    `crc64` is that of the bytes on disk. `crc_proven` says that it is the one the service named; where the service
    names none it is False, and `notes` says so. `fetched_bytes` came through the network in this run, `reused_bytes`
    were here from an earlier one and were read back.
    """

    info: ObjectInfo
    path: Path
    parts_path: Path
    size: int
    crc64: int
    crc_proven: bool
    sha256: str
    fetched_bytes: int = 0
    reused_bytes: int = 0
    notes: tuple[str, ...] = ()
