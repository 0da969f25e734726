"""What LVM writes at the start of a physical volume: its label, and the areas that hold the group's description.

Facts: LVM2's lib/format_text/layout.h and lib/label/label.h.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from imgkit.disks.native.volume import Bytes
from imgkit.errors import CannotLookInside
from imgkit.units import MiB

_SECTOR = 512
_AREA_MAGIC = b" LVM2 x[5A%r0N*>"
_LARGEST_TEXT = 16 * MiB
_CRC_START = 0xF597A6CF
_IGNORED = 0x1
_MOST_AREAS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A physical volume's own word on itself; `text` describes its group, empty where it belongs to none.

    `error` says why the description could not be read.
    """

    uuid: str
    device_bytes: int
    text: str = ""
    error: str = ""


def read_label(volume: Bytes) -> Label:
    """Read the label and the newest description that holds. Raises CannotLookInside where there is no label."""
    for sector in range(4):
        raw = volume.read(sector * _SECTOR, _SECTOR)
        if raw[:8] == b"LABELONE" and raw[24:32] == b"LVM2 001":
            return _read(volume, raw)
    raise CannotLookInside("there is no label of LVM")


def _read(volume: Bytes, raw: bytes) -> Label:
    head = unpack_from("<I", raw, 20)[0]
    if head + 40 > _SECTOR:
        raise CannotLookInside("the label of LVM is damaged")
    uuid = raw[head : head + 32].decode("ascii", "replace")
    device_bytes = unpack_from("<Q", raw, head + 32)[0]
    text, error = "", ""
    for offset, size in _areas(raw[head + 40 :]):
        try:
            text = _text(volume, offset, size) or text
        except CannotLookInside as damage:
            error = damage.message
        if text:
            break
    return Label(uuid=uuid, device_bytes=device_bytes, text=text, error="" if text else error)


def _areas(raw: bytes) -> Iterator[tuple[int, int]]:
    """Two lists, each ended by zeroes: where extents lie, and where descriptions lie."""
    pairs = [unpack_from("<QQ", raw, at) for at in range(0, len(raw) - 15, 16)]
    ends = [number for number, pair in enumerate(pairs) if not any(pair)]
    if len(ends) >= 2:
        yield from pairs[ends[0] + 1 : ends[1]][:_MOST_AREAS]


def _text(volume: Bytes, area: int, area_bytes: int) -> str:
    """Read a description; it may begin near the area's end and go on behind the area's header."""
    head = volume.read(area, _SECTOR)
    if head[4:20] != _AREA_MAGIC:
        raise CannotLookInside("an area of LVM's metadata is damaged")
    offset, size, checksum, flags = unpack_from("<QQII", head, 40)
    if not offset or not size or flags & _IGNORED:
        return ""
    if size > min(_LARGEST_TEXT, area_bytes) or not _SECTOR <= offset < area_bytes:
        raise CannotLookInside(f"LVM's metadata claims {size} bytes at {offset} of an area of {area_bytes}")
    first = min(size, area_bytes - offset)
    raw = volume.read(area + offset, first) + volume.read(area + _SECTOR, size - first)
    if zlib.crc32(raw, _CRC_START ^ 0xFFFFFFFF) ^ 0xFFFFFFFF != checksum:
        raise CannotLookInside("LVM's metadata does not hold its checksum")
    return raw.rstrip(b"\0\n").decode("utf-8", "backslashreplace")
