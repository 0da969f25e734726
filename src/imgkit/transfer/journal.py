"""The append-only record of which parts are on disk, written only after their bytes were made durable.

    imgkit/journal/1 {"crc64": "…", "etag": "…", "part_bytes": 16777216, "size": …, …} #5d41402a
    part 17 16777216 11051210869376104954 #7d793037

A line says how many bytes of a part are there and their CRC-64; the last line of a part counts. Behind `#` stands the
CRC-32 of the line, begun with that of the header, so that neither a torn nor a foreign record is believed.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgkit.files.whole import write_bytes_durably
from imgkit.transfer.local_disk import local_errors, sync_data
from imgkit.transfer.ranges import PartPlan

SCHEMA = "imgkit/journal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFacts:
    """What makes the object this one and no other, and the parts it is fetched in."""

    size: int
    etag: str
    crc64: int | None
    part_bytes: int
    origin: str = ""

    @property
    def plan(self) -> PartPlan:
        return PartPlan(size=self.size, part_bytes=self.part_bytes)


@dataclass(frozen=True, slots=True)
class PartRecord:
    """The first `length` bytes of part `number` are on disk and have this CRC-64; 0 takes an earlier record back."""

    number: int
    length: int
    crc64: int


@dataclass(frozen=True, slots=True)
class SavedJournal:
    """What a journal says, after everything in it that does not hold was left out."""

    facts: PinnedFacts
    claims: Mapping[int, PartRecord]
    spoilt_lines: int = 0


class Journal:
    """A journal open for appending."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self._seed = seed
        self._handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._end_torn_line()

    def append(self, records: Iterable[PartRecord]) -> None:
        """Write records and make them durable. Their bytes must be durable already."""
        lines = b"".join(_seal(f"part {one.number} {one.length} {one.crc64}", self._seed) for one in records)
        with local_errors(self._path, doing="write the journal"):
            _write_all(self._handle, lines)
            sync_data(self._handle)

    def close(self) -> None:
        os.close(self._handle)

    def _end_torn_line(self) -> None:
        """A record behind half a line would be lost with it."""
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            _write_all(self._handle, b"\n")


def begin_journal(path: Path, facts: PinnedFacts) -> Journal:
    """Begin a journal that claims nothing yet, in the place of any other."""
    header = _header(facts)
    with local_errors(path, doing="write the journal"):
        write_bytes_durably(path, _seal(header))
        return Journal(path, _checksum(header))


def continue_journal(path: Path, facts: PinnedFacts) -> Journal:
    """Open the journal that `read_journal` found with these facts."""
    with local_errors(path, doing="write the journal"):
        return Journal(path, _checksum(_header(facts)))


def read_journal(path: Path) -> SavedJournal | None:
    """Return what the journal says; None when there is none, or none whose header holds."""
    with local_errors(path, doing="read the journal"), suppress(FileNotFoundError), path.open("rb") as lines:
        header = _unseal(lines.readline())
        facts = _parse_header(header)
        if header is None or facts is None:
            return None
        return _read_records(lines, facts, _checksum(header))
    return None


def _read_records(lines: Iterable[bytes], facts: PinnedFacts, seed: int) -> SavedJournal:
    claims: dict[int, PartRecord] = {}
    spoilt = 0
    for line in lines:
        record = _parse_record(_unseal(line, seed), facts.plan)
        if record is None:
            spoilt += 1
        elif record.length:
            claims[record.number] = record
        else:
            claims.pop(record.number, None)
    return SavedJournal(facts, claims, spoilt)


def _parse_record(text: str | None, plan: PartPlan) -> PartRecord | None:
    words = (text or "").split(" ")
    if len(words) != 4 or words[0] != "part" or not all(word.isdecimal() for word in words[1:]):
        return None
    record = PartRecord(*(int(word) for word in words[1:]))
    fits = record.number < plan.count and record.length <= plan.part(record.number).length
    return record if fits else None


def _header(facts: PinnedFacts) -> str:
    told = {
        "crc64": None if facts.crc64 is None else str(facts.crc64),
        "etag": facts.etag,
        "origin": facts.origin,
        "part_bytes": facts.part_bytes,
        "size": facts.size,
    }
    return f"{SCHEMA} {json.dumps(told, sort_keys=True)}"


def _parse_header(text: str | None) -> PinnedFacts | None:
    schema, _, told = (text or "").partition(" ")
    if schema != SCHEMA:
        return None
    try:
        said: dict[str, Any] = json.loads(told)
        return PinnedFacts(
            size=said["size"],
            etag=said["etag"],
            crc64=None if said["crc64"] is None else int(said["crc64"]),
            part_bytes=said["part_bytes"],
            origin=said["origin"],
        )
    except (ValueError, KeyError, TypeError):  # sealed, but by another version
        return None


def _seal(text: str, seed: int = 0) -> bytes:
    return f"{text} #{_checksum(text, seed):08x}\n".encode()


def _unseal(line: bytes, seed: int = 0) -> str | None:
    """Return the text of a line whose checksum holds."""
    body, mark, checksum = line.removesuffix(b"\n").rpartition(b" #")
    try:
        text, said = body.decode(), checksum.decode()
    except UnicodeDecodeError:
        return None
    whole = line.endswith(b"\n") and bool(mark)
    return text if whole and said == f"{_checksum(text, seed):08x}" else None


def _checksum(text: str, seed: int = 0) -> int:
    return zlib.crc32(text.encode(), seed)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
