"""Tars built by hand, block by block: what GNU tar writes, and what it never would."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence

BLOCK = 512
END = bytes(2 * BLOCK)
USTAR = b"ustar\x0000"
OLD_GNU = b"ustar  \x00"
V7 = bytes(8)

Segments = Sequence[tuple[int, int]]


def octal(value: int, width: int) -> bytes:
    """The number in octal, or where it does not fit, as GNU tar writes it then."""
    return b"%0*o\0" % (width - 1, value) if value < 8 ** (width - 1) else base_256(value, width)


def base_256(value: int, width: int = 12) -> bytes:
    return b"\x80" + value.to_bytes(width - 1, "big")


def negative(value: int, width: int = 12) -> bytes:
    return value.to_bytes(width, "big", signed=True)


STAR_TAIL = bytes(131) + b"00000000000 " * 2  # times of access and change, by which star's dialect is known


def header(
    name: bytes = b"system.raw",
    size: int | bytes = 0,
    *,
    kind: bytes = b"0",
    magic: bytes = USTAR,
    prefix: bytes = b"",
    link: bytes = b"",
    tail: bytes | None = None,
    checksum: bytes | Callable[[bytes], bytes] | None = None,
) -> bytes:
    """One header block; `tail` replaces what stands behind the device numbers (byte 345)."""
    field = size if isinstance(size, bytes) else octal(size, 12)
    block = name.ljust(100, b"\0") + octal(0o644, 8) + octal(0, 8) * 2 + field + octal(1_700_000_000, 12)
    block += b" " * 8 + kind + link.ljust(100, b"\0") + magic + bytes(64) + bytes(16)
    block += (prefix if tail is None else tail).ljust(167, b"\0")
    assert len(block) == BLOCK
    if checksum is None:
        checksum = octal(sum(block), 7) + b" "
    return block[:148] + (checksum if isinstance(checksum, bytes) else checksum(block)) + block[156:]


def signed_checksum(block: bytes) -> bytes:
    """The sum as some old tars made it, whose characters had signs."""
    return octal(sum(block) - 256 * sum(byte >= 0x80 for byte in block), 7) + b" "


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def file(data: bytes, name: bytes = b"system.raw", **fields: object) -> bytes:
    return header(name, len(data), **fields) + padded(data)  # type: ignore[arg-type]  # the fields of header


def records(pairs: Iterable[tuple[str | bytes, str | bytes]]) -> bytes:
    return b"".join(record(_bytes(key), _bytes(value)) for key, value in pairs)


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(b"%d" % length) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


def pax(pairs: Iterable[tuple[str | bytes, str | bytes]], kind: bytes = b"x") -> bytes:
    return file(records(pairs), b"PaxHeaders/x", kind=kind)


def long_name(name: bytes) -> bytes:
    return file(name + b"\0", b"././@LongLink", kind=b"L", magic=OLD_GNU)


def gather(data: bytes, segments: Segments) -> bytes:
    return b"".join(data[offset : offset + length] for offset, length in segments)


def old_gnu_sparse(stored: bytes, segments: Segments, real_size: int, *, size: int | None = None) -> bytes:
    """A file of type S; the first four segments stand in the header, the others 21 by 21 behind it."""
    entries = [octal(offset, 12) + octal(length, 12) for offset, length in segments]
    first, rest = entries[:4], entries[4:]
    tail = bytes(41) + b"".join(first).ljust(96, b"\0") + bytes([bool(rest)]) + octal(real_size, 12)
    out = header(size=len(stored) if size is None else size, kind=b"S", magic=OLD_GNU, tail=tail)
    while rest:
        block, rest = rest[:21], rest[21:]
        out += b"".join(block).ljust(504, b"\0") + bytes([bool(rest)]) + bytes(7)
    return out + padded(stored)


def pax_sparse_00(stored: bytes, segments: Segments, real_size: int) -> bytes:
    pairs: list[tuple[str, str]] = [("GNU.sparse.size", str(real_size)), ("GNU.sparse.numblocks", str(len(segments)))]
    for offset, length in segments:
        pairs += [("GNU.sparse.offset", str(offset)), ("GNU.sparse.numbytes", str(length))]
    return pax(pairs) + file(stored)


def pax_sparse_01(stored: bytes, segments: Segments, real_size: int, *, text: str | None = None) -> bytes:
    numbers = ",".join(f"{offset},{length}" for offset, length in segments) if text is None else text
    pairs = [
        ("GNU.sparse.size", str(real_size)),
        ("GNU.sparse.numblocks", str(len(segments))),
        ("GNU.sparse.name", "system.raw"),
        ("GNU.sparse.map", numbers),
    ]
    return pax(pairs) + file(stored, b"GNUSparseFile.1/system.raw")


def pax_sparse_10(stored: bytes, segments: Segments, real_size: int | str, *, text: str | None = None) -> bytes:
    numbers = [len(segments), *(number for segment in segments for number in segment)]
    before = ("".join(f"{number}\n" for number in numbers) if text is None else text).encode()
    pairs = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "system.raw"),
        ("GNU.sparse.realsize", str(real_size)),
    ]
    return pax(pairs) + file(padded(before) + stored, b"GNUSparseFile.1/system.raw")


SPARSE_BUILDERS = {
    "old-gnu": old_gnu_sparse,
    "pax-0.0": pax_sparse_00,
    "pax-0.1": pax_sparse_01,
    "pax-1.0": pax_sparse_10,
}


def gzipped(data: bytes, *, name: bytes = b"", extra: bytes = b"", header_crc: bool = False) -> bytes:
    """A gzip member with the header fields asked for."""
    flags = 2 * header_crc | 4 * bool(extra) | 8 * bool(name)
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\x03"
    head += struct.pack("<H", len(extra)) + extra if extra else b""
    head += name + b"\0" if name else b""
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF) if header_crc else b""
    return head + gzip.compress(data, 1, mtime=0)[10:]


def gzipped_members(data: bytes, member_bytes: int) -> bytes:
    out = io.BytesIO()
    for start in range(0, len(data), member_bytes):
        out.write(gzipped(data[start : start + member_bytes], name=b"part"))
    return out.getvalue()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
