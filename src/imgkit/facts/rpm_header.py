"""One package as rpm's database keeps it: a header blob, an index of tags over a store of values.

Layout (rpm's documentation, "Package format"): the number of index entries and of store bytes, big-endian; entries of
16 bytes: tag, type, offset, count; the store.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.facts.guest import as_text, moment
from imgkit.model.packages import Package

NAME, VERSION, RELEASE, EPOCH, INSTALL_TIME, VENDOR, ARCH, SOURCE_RPM = 1000, 1001, 1002, 1003, 1008, 1011, 1022, 1044
SIGNATURES = (268, 267, 259, 262)  # over the header by RSA and DSA, then the older ones over all
OLD_FILE_NAMES, DIRECTORY_INDEXES, BASE_NAMES, DIRECTORY_NAMES = 1027, 1116, 1117, 1118
_WANTED = {NAME, VERSION, RELEASE, EPOCH, INSTALL_TIME, VENDOR, ARCH, SOURCE_RPM, *SIGNATURES}
_FILES = {NAME, OLD_FILE_NAMES, DIRECTORY_INDEXES, BASE_NAMES, DIRECTORY_NAMES}
_INT32, _STRING, _BINARY, _STRINGS, _I18N_STRING = 4, 6, 7, 8, 9
_ENTRY_BYTES = 16
_LARGEST_INDEX = 0xFFFF  # rpm's own limit


class BadHeader(ValueError):
    """These bytes are no header of rpm."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    offset: int
    count: int


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
        signed_by=_signer(entries, store),
    )


def parse_files(blob: bytes) -> tuple[str, list[bytes]]:
    """Return a package's name and the paths of its files. Raises BadHeader."""
    entries, store = _index(blob, _FILES)
    old = _strings(entries, store, OLD_FILE_NAMES)
    if old:
        return _string(entries, store, NAME), old
    folders = _strings(entries, store, DIRECTORY_NAMES)
    names = _strings(entries, store, BASE_NAMES)
    numbers = _numbers(entries, store, DIRECTORY_INDEXES)
    pairs = zip(numbers, names, strict=False)
    return _string(entries, store, NAME), [folders[at] + name for at, name in pairs if at < len(folders)]


def _index(blob: bytes, wanted: set[int] = _WANTED) -> tuple[dict[int, _Entry], bytes]:
    if len(blob) < 8:
        raise BadHeader("it is too short")
    count, store_bytes = struct.unpack_from(">II", blob)
    start = 8 + count * _ENTRY_BYTES
    if count > _LARGEST_INDEX or start + store_bytes > len(blob):
        raise BadHeader("its index reaches beyond its end")
    entries: dict[int, _Entry] = {}
    for at in range(8, start, _ENTRY_BYTES):
        tag, kind, offset, values = struct.unpack_from(">IIII", blob, at)
        if tag in wanted:
            entries.setdefault(tag, _Entry(kind, offset, values))
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


def _numbers(entries: dict[int, _Entry], store: bytes, tag: int) -> tuple[int, ...]:
    entry = entries.get(tag)
    if entry is None or entry.kind != _INT32 or entry.offset + 4 * entry.count > len(store):
        return ()
    return struct.unpack_from(f">{entry.count}I", store, entry.offset)


def _strings(entries: dict[int, _Entry], store: bytes, tag: int) -> list[bytes]:
    entry = entries.get(tag)
    if entry is None or entry.kind != _STRINGS or entry.offset > len(store):
        return []
    return store[entry.offset :].split(b"\0", min(entry.count, len(store)))[: entry.count]


def _signer(entries: dict[int, _Entry], store: bytes) -> str:
    """Return the id of the key that signed the package, in 16 hexadecimal digits, empty where none did."""
    for tag in SIGNATURES:
        entry = entries.get(tag)
        if entry is not None and entry.kind == _BINARY:
            key = _issuer(store[entry.offset : entry.offset + entry.count])
            if key:
                return key
    return ""


def _issuer(packet: bytes) -> str:
    """Read who made an OpenPGP signature (RFC 4880, 4.2 and 5.2), empty where that cannot be told."""
    body = _packet_body(packet)
    if body[:1] == b"\x03" and len(body) >= 15:
        return body[7:15].hex()
    if body[:1] != b"\x04" or len(body) < 6:
        return ""
    hashed = int.from_bytes(body[4:6])
    unhashed_at = 6 + hashed
    unhashed = int.from_bytes(body[unhashed_at : unhashed_at + 2])
    areas = (body[6:unhashed_at], body[unhashed_at + 2 : unhashed_at + 2 + unhashed])
    found = dict(pair for area in areas for pair in _subpackets(area))
    fingerprint = found.get(33, b"")  # version, then the whole fingerprint, whose end is the id
    return (found.get(16, b"") or fingerprint[-8:]).hex()


def _packet_body(packet: bytes) -> bytes:
    first = packet[0] if packet else 0
    if first & 0xC0 == 0x80 and first >> 2 & 0xF == 2:  # old form
        return packet[1 + (1, 2, 4, 0)[first & 3] :]
    if first == 0xC2:  # new form
        size = packet[1] if len(packet) > 1 else 0
        return packet[2 if size < 192 else 3 if size < 224 else 6 :]
    return b""


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(area):
        size, skip = area[at], 1
        if 192 <= size < 255:
            size, skip = ((size - 192) << 8) + int.from_bytes(area[at + 1 : at + 2]) + 192, 2
        elif size == 255:
            size, skip = int.from_bytes(area[at + 1 : at + 5]), 5
        if size < 1:
            return
        content = area[at + skip : at + skip + size]
        if content:
            yield content[0] & 0x7F, content[1:]
        at += skip + size
