"""One package as rpm's database keeps it: a header blob, an index of tags over a store of values.

Layout (rpm's documentation, "Package format"): the number of index entries and of store bytes, big-endian; entries of
16 bytes: tag, type, offset, count; the store.
"""

import struct
from dataclasses import dataclass

from imgkit.facts.guest import as_text, moment
from imgkit.model.packages import Package

NAME, VERSION, RELEASE, EPOCH, INSTALL_TIME, VENDOR, ARCH, SOURCE_RPM = 1000, 1001, 1002, 1003, 1008, 1011, 1022, 1044
_WANTED = {NAME, VERSION, RELEASE, EPOCH, INSTALL_TIME, VENDOR, ARCH, SOURCE_RPM}
_INT32, _STRING, _I18N_STRING = 4, 6, 9
_ENTRY_BYTES = 16
_LARGEST_INDEX = 0xFFFF  # rpm's own limit


class BadHeader(ValueError):
    """These bytes are no header of rpm."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    offset: int


def parse_header(blob: bytes) -> Package:
    """Read one package. Raises BadHeader."""
    entries, store = _index(blob)
    name = _string(entries, store, NAME)
    if not name:
        raise BadHeader("it names no package")
    installed = _number(entries, store, INSTALL_TIME)
    return Package(
        name=name,
        version=_string(entries, store, VERSION),
        release=_string(entries, store, RELEASE),
        epoch=_number(entries, store, EPOCH),
        architecture=_string(entries, store, ARCH),
        source=_string(entries, store, SOURCE_RPM),
        vendor=_string(entries, store, VENDOR),
        installed_at=moment(installed) if installed else None,
    )


def _index(blob: bytes) -> tuple[dict[int, _Entry], bytes]:
    if len(blob) < 8:
        raise BadHeader("it is too short")
    count, store_bytes = struct.unpack_from(">II", blob)
    start = 8 + count * _ENTRY_BYTES
    if count > _LARGEST_INDEX or start + store_bytes > len(blob):
        raise BadHeader("its index reaches beyond its end")
    entries: dict[int, _Entry] = {}
    for at in range(8, start, _ENTRY_BYTES):
        tag, kind, offset, _ = struct.unpack_from(">IIII", blob, at)
        if tag in _WANTED:
            entries.setdefault(tag, _Entry(kind, offset))
    return entries, blob[start : start + store_bytes]


def _string(entries: dict[int, _Entry], store: bytes, tag: int) -> str:
    entry = entries.get(tag)
    if entry is None or entry.kind not in {_STRING, _I18N_STRING}:
        return ""
    end = store.find(b"\0", entry.offset)
    return as_text(store[entry.offset : end]) if end != -1 else ""


def _number(entries: dict[int, _Entry], store: bytes, tag: int) -> int | None:
    entry = entries.get(tag)
    if entry is None or entry.kind != _INT32 or entry.offset + 4 > len(store):
        return None
    (number,) = struct.unpack_from(">I", store, entry.offset)
    return int(number)
