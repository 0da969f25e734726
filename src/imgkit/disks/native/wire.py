"""What passes between imgkit and its reading child: frames of plain numbers and bytes, which can execute nothing.

A request is `<length><what><tree><offset><count>` and bytes (a path, or JSON); an answer is any number of frames
`<state><length>` and bytes, the last of which is not MORE.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

from imgkit.disks.native.reader import KINDS, Row, Stretch
from imgkit.disks.native.tree import Listed
from imgkit.model.tree import Entry, EntryKind
from imgkit.units import KiB, MiB

REQUEST = struct.Struct("<IBIQQ")
ANSWER = struct.Struct("<BI")
LARGEST_ANSWER = 8 * MiB
LARGEST_REQUEST = 1 * MiB
ENTRIES_A_FRAME = 4096
MOST_STRETCHES = 100_000
# Seconds and nanoseconds apart: the times of XFS and NTFS go beyond what 64 bits of nanoseconds hold.
_ROW = struct.Struct("<BIQIIQIIqIqIqIqI")
_STRETCH = struct.Struct("<QQ")
_PAIR = struct.Struct("<II")
_FRAME_BYTES = 128 * KiB
_MOST_NAMES_BYTES = 64 * KiB
_READ, _BORN = 1, 2
_NANO = 1_000_000_000


class What(IntEnum):
    """What may be asked."""

    OPEN = 1
    SURVEY = 2
    TREE = 3
    STAT = 4
    LIST = 5
    READ = 6
    LINK = 7
    XATTRS = 8
    STORED = 9
    ONE_XATTR = 10
    READ_SMALL = 11
    WALK = 12
    WALKED = 13


ABOUT_ONE_PATH = frozenset({What.STAT, What.LIST, What.READ, What.LINK, What.XATTRS, What.STORED})


class State(IntEnum):
    """How an answer went on or ended."""

    DONE = 0
    MORE = 1
    ABSENT = 2
    CANNOT = 3
    NEEDS_KEY = 4


class Garbled(Exception):
    """The other side sent what makes no sense."""


def encode_entries(listed: Iterable[Listed]) -> Iterator[bytes]:
    """Yield the payloads for a folder, a few thousand entries each; the last one is not full."""
    rows: list[bytes] = []
    names: list[bytes] = []
    for one in listed:
        rows.append(_packed(one.file_system, one.row))
        names.append(one.name)
        if len(rows) == ENTRIES_A_FRAME:
            yield _joined(rows, names)
            rows, names = [], []
    yield _joined(rows, names)


def decode_entries(payload: bytes) -> list[Entry]:
    """Read one such payload. Raises Garbled."""
    try:
        count = int.from_bytes(payload[:4], "little")
        end = 4 + count * _ROW.size
        names = payload[end:].split(b"\0") if count else []
        if len(names) != count or len(payload) < end:
            raise Garbled("names and entries do not fit")
        return [_entry(name, row) for name, row in zip(names, _ROW.iter_unpack(payload[4:end]), strict=True)]
    except struct.error as error:
        raise Garbled(str(error)) from error


def encode_pairs(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode names and values of any bytes."""
    return b"".join(_PAIR.pack(len(name), len(value)) + name + value for name, value in pairs)


def encode_in_frames(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield payloads of such pairs, each not much larger than it has to be."""
    waiting: list[tuple[bytes, bytes]] = []
    size = 0
    for pair in pairs:
        waiting.append(pair)
        size += len(pair[1])
        if size >= _FRAME_BYTES:
            yield encode_pairs(waiting)
            waiting, size = [], 0
    if waiting:
        yield encode_pairs(waiting)


def decode_pairs(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield them again. Raises Garbled."""
    at = 0
    while at < len(payload):
        if at + _PAIR.size > len(payload):
            raise Garbled("a pair is cut off")
        name, value = _PAIR.unpack_from(payload, at)
        at += _PAIR.size
        if at + name + value > len(payload):
            raise Garbled("a pair is cut off")
        yield payload[at : at + name], payload[at + name : at + name + value]
        at += name + value


def encode_absence(words: bytes, lacking: tuple[bytes, Sequence[bytes]] | None) -> bytes:
    """Encode why a path is not there; with the folder that lacks something all its names, where they are few."""
    if lacking is None or sum(map(len, lacking[1])) > _MOST_NAMES_BYTES:
        return encode_pairs([(words, b"")])
    folder, names = lacking
    return encode_pairs([(words, b""), (folder, b"\0".join(names))])


def decode_absence(payload: bytes) -> tuple[bytes, tuple[bytes, frozenset[bytes]] | None]:
    """Read it back. Raises Garbled."""
    match tuple(decode_pairs(payload)):
        case [(words, b"")]:
            return words, None
        case [(words, b""), (folder, names)]:
            return words, (folder, frozenset(names.split(b"\0")))
        case _:
            raise Garbled("it does not say why something is not there")


def encode_stretches(stretches: Iterable[Stretch]) -> bytes:
    """Encode where the content of a file is more than holes."""
    return b"".join(_STRETCH.pack(*one) for one in stretches)


def decode_stretches(payload: bytes) -> list[tuple[int, int]]:
    """Read them back, as offsets and lengths. Raises Garbled."""
    try:
        return [(offset, length) for offset, length in _STRETCH.iter_unpack(payload)]
    except struct.error as error:
        raise Garbled(str(error)) from error


def _packed(file_system: int, row: Row | None) -> bytes:
    if row is None:
        return _ROW.pack(0, 0, 0, 0, 0, 0, 0, file_system, *(0,) * 8)
    born = row.born_ns
    return _ROW.pack(
        _READ | (0 if born is None else _BORN),
        row.mode,
        row.size,
        row.uid,
        row.gid,
        row.inode,
        row.links,
        file_system,
        *divmod(row.modified_ns, _NANO),
        *divmod(row.accessed_ns, _NANO),
        *divmod(row.changed_ns, _NANO),
        *divmod(born or 0, _NANO),
    )


def _joined(rows: Sequence[bytes], names: Sequence[bytes]) -> bytes:
    return b"".join((len(rows).to_bytes(4, "little"), *rows, b"\0".join(names)))


def _entry(name: bytes, row: tuple[int, ...]) -> Entry:
    flags, mode, size, uid, gid, inode, links, file_system = row[:8]
    if not flags & _READ:  # its name stands in the folder, and the disk cannot say more
        return Entry(name=name, kind=EntryKind.OTHER, links=0, file_system=file_system)
    return Entry(
        name=name,
        kind=KINDS.get(mode & 0o170000, EntryKind.OTHER),
        size=size,
        mode=mode,
        uid=uid,
        gid=gid,
        inode=inode,
        links=links,
        modified_ns=row[8] * _NANO + row[9],
        accessed_ns=row[10] * _NANO + row[11],
        changed_ns=row[12] * _NANO + row[13],
        born_ns=row[14] * _NANO + row[15] if flags & _BORN else None,
        file_system=file_system,
    )
