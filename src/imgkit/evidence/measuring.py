"""The digests of a whole file, taken in one read."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from imgkit.digests import crc64
from imgkit.files.whole import open_evidence
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import MiB

_BLOCK_BYTES = 4 * MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFile:
    """A file's size, SHA-256 and CRC-64/XZ; in `also` what else was asked for, by the algorithm's name."""

    size: int
    sha256: str
    crc64: int
    also: Mapping[str, str] = field(default_factory=dict)


def measure_file(
    path: Path, *, also: Sequence[str] = (), progress: Progress = NULL_PROGRESS, title: str = ""
) -> MeasuredFile:
    """Read a file once; `also` are further algorithms of hashlib's. Raises OSError."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ("sha256", *also)}
    crc, size = 0, 0
    buffer = bytearray(_BLOCK_BYTES)
    helpers = ThreadPoolExecutor(len(hashes), thread_name_prefix="hash") if also else nullcontext()
    with (
        helpers as pool,
        open_evidence(path) as source,
        progress.bar(title or path.name, total=path.stat().st_size) as bar,
    ):
        while count := source.readinto(buffer):  # type: ignore[attr-defined]  # a FileIO in truth
            block = memoryview(buffer)[:count]
            updating = [pool.submit(each.update, block) for each in hashes.values()] if pool else []
            if not pool:
                hashes["sha256"].update(block)
            crc = crc64(block, crc)
            for each in updating:
                each.result()
            size += count
            bar.set_done(size)
    taken = {name: each.hexdigest() for name, each in hashes.items()}
    return MeasuredFile(size=size, sha256=taken.pop("sha256"), crc64=crc, also=taken)
