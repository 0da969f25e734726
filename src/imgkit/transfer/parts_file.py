"""`NAME.parts.json` beside a whole object: the CRC-64 of each part, so that damage can be found and mended later.

    {"bucket": "…", "crc64": "…", "etag": "…", "key": "…", "part_bytes": 16777216, "parts": ["…", …],
     "schema": "imgkit/parts/1", "service_crc64": "…" or null, "sha256": "…", "size": …}

`crc64` is that of the bytes on disk, `service_crc64` the one the service named; CRCs are strings, since JSON's numbers
end at 2^53.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from imgkit.digests import combine_all_crc64, crc64
from imgkit.errors import Differs
from imgkit.files.whole import open_evidence, read_evidence, write_bytes_durably
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.ranges import ByteRange, PartPlan
from imgkit.units import MiB

SCHEMA = "imgkit/parts/1"
SUFFIX = ".parts.json"
_LARGEST_FILE = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsRecord:
    """What a parts file says."""

    bucket: str
    key: str
    etag: str
    size: int
    part_bytes: int
    parts: tuple[int, ...]
    crc64: int
    service_crc64: int | None
    sha256: str

    def __post_init__(self) -> None:
        lengths = [self.plan.part(number).length for number in range(self.plan.count)]
        if len(lengths) != len(self.parts):
            raise ValueError(f"{self.size} bytes have {len(lengths)} parts and not {len(self.parts)}")
        if combine_all_crc64(list(zip(self.parts, lengths, strict=True))) != self.crc64:
            raise ValueError("the CRCs of the parts do not make up that of the whole")

    @property
    def plan(self) -> PartPlan:
        return PartPlan(size=self.size, part_bytes=self.part_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsVerdict:
    """What reading a file back has found: its size, the CRC-64 of its bytes, and the parts that differ."""

    record: PartsRecord
    found_size: int
    found_crc64: int
    differing: tuple[int, ...]

    @property
    def holds(self) -> bool:
        return not self.differing and self.found_size == self.record.size

    @property
    def differing_ranges(self) -> tuple[ByteRange, ...]:
        return tuple(self.record.plan.part(number) for number in self.differing)


def parts_path_of(target: Path) -> Path:
    """Return where the parts file of this object lies."""
    return target.with_name(target.name + SUFFIX)


def write_parts_file(path: Path, record: PartsRecord) -> None:
    """Write the parts file in canonical form, replacing any other atomically. Raises NoRoom, NotAccessible."""
    with local_errors(path, doing="write"):
        write_bytes_durably(path, parts_file_bytes(record))


def parts_file_bytes(record: PartsRecord) -> bytes:
    """Return what the file of this record holds."""
    told = {
        "bucket": record.bucket,
        "crc64": str(record.crc64),
        "etag": record.etag,
        "key": record.key,
        "part_bytes": record.part_bytes,
        "parts": [str(crc) for crc in record.parts],
        "schema": SCHEMA,
        "service_crc64": None if record.service_crc64 is None else str(record.service_crc64),
        "sha256": record.sha256,
        "size": record.size,
    }
    return (json.dumps(told, sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode()


def read_parts_file(path: Path) -> PartsRecord:
    """Read a parts file. Raises NotAccessible when it cannot be read, Differs when it is damaged."""
    with local_errors(path, doing="read"):
        text = read_evidence(path)
    try:
        return _parse(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise Differs(
            f"{path} is no intact {SCHEMA} file: {error}",
            hint="Move the object and this file away, and download the object again.",
        ) from error


def _parse(told: dict[str, Any]) -> PartsRecord:
    if told["schema"] != SCHEMA:
        raise ValueError(f"its schema is {told['schema']!r}")
    return PartsRecord(
        bucket=str(told["bucket"]),
        key=str(told["key"]),
        etag=str(told["etag"]),
        size=int(told["size"]),
        part_bytes=int(told["part_bytes"]),
        parts=tuple(int(crc) for crc in told["parts"]),
        crc64=int(told["crc64"]),
        service_crc64=None if told["service_crc64"] is None else int(told["service_crc64"]),
        sha256=str(told["sha256"]),
    )


def verify_parts(path: Path, parts_path: Path, *, progress: Progress = NULL_PROGRESS) -> PartsVerdict:
    """Read an object back and hold each part against the parts file.

    A file that is too short or too long does not hold, and its missing parts differ. Raises NotAccessible when either
    file cannot be read, Differs when the parts file itself is damaged.
    """
    return verify_file(path, read_parts_file(parts_path), progress=progress)


def verify_file(path: Path, record: PartsRecord, *, progress: Progress = NULL_PROGRESS) -> PartsVerdict:
    """Read a file once and hold each part of it against the record. Raises NotAccessible when it cannot be read."""
    differing = []
    with (
        local_errors(path, doing="read"),
        open_evidence(path) as file,
        progress.bar(f"{path.name}: reading back", total=record.size) as bar,
    ):
        reading = _Reading(file)
        for number, expected in enumerate(record.parts):
            place = record.plan.part(number)
            if reading.next_crc64(place.length) != expected or reading.size != place.end:
                differing.append(number)
            bar.set_done(reading.size)
        reading.next_crc64(_LARGEST_FILE)  # whatever lies behind the object's end
    return PartsVerdict(record=record, found_size=reading.size, found_crc64=reading.crc64, differing=tuple(differing))


class _Reading:
    """A file read once, in order, for the CRC-64 of its pieces and of the whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = memoryview(bytearray(MiB))
        self.size = 0
        self.crc64 = 0

    def next_crc64(self, length: int) -> int:
        """Return the CRC-64 of the next `length` bytes, or of as many as there are."""
        crc = 0
        while length:
            count = self._file.readinto(self._buffer[:length])  # type: ignore[attr-defined]  # a FileIO
            if not count:
                break
            crc = crc64(self._buffer[:count], crc)
            self.crc64 = crc64(self._buffer[:count], self.crc64)
            self.size += count
            length -= count
        return crc
