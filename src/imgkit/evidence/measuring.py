"""The digests of a whole file, taken in one read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from imgkit.digests import crc64
from imgkit.files.whole import open_evidence
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import MiB

_BLOCK_BYTES = 4 * MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFile:
    """A file's size, SHA-256 and CRC-64/XZ."""

    size: int
    sha256: str
    crc64: int


def measure_file(path: Path, *, progress: Progress = NULL_PROGRESS, title: str = "") -> MeasuredFile:
    """Read a file once. Raises OSError."""
    sha256, crc, size = hashlib.sha256(), 0, 0
    buffer = bytearray(_BLOCK_BYTES)
    with open_evidence(path) as source, progress.bar(title or path.name, total=path.stat().st_size) as bar:
        while count := source.readinto(buffer):  # type: ignore[attr-defined]  # a FileIO in truth
            block = memoryview(buffer)[:count]
            sha256.update(block)
            crc = crc64(block, crc)
            size += count
            bar.set_done(size)
    return MeasuredFile(size=size, sha256=sha256.hexdigest(), crc64=crc)
