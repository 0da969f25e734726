"""Compressed streams, inflated and proven: gzip by ISA-L, xz and bzip2 by the standard library (zstd: unzstd.py).

The gzip headers are read here and not by ISA-L: its reader loses its place when optional header fields lie across two
pieces of input, and takes a sound archive for a damaged one.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol, cast

from isal import igzip_lib

from imgkit.archives.byte_stream import ByteStream
from imgkit.digests import empty_vector_registers
from imgkit.errors import ArchiveDamaged, ArchiveUnsafe
from imgkit.units import KiB, MiB

BLOCK_BYTES = MiB
GATHERED_BYTES = 256 * KiB

_IsalError = cast("type[Exception]", igzip_lib.IsalError)  # its stub calls it an exception, not a class of them
_GZIP_MAGIC = b"\x1f\x8b"
_FIRST_PIECE_BYTES = 4 * KiB
_LARGEST_PIECE_BYTES = 256 * KiB
_LARGEST_FIELD_BYTES = 64 * KiB
_WRONG_CHECKSUM = -6  # ISAL_INCORRECT_CHECKSUM: the CRC-32 or the length in the trailer
_XZ_MEMORY_BYTES = 96 * MiB  # xz -9 needs 65 MiB

_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class Decompressor(Protocol):
    """What ISA-L's and the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: memoryview | bytes, max_length: int) -> bytes: ...


class Gunzip:
    """The blocks inside a gzip file of any number of members, each with its CRC-32 and its length held."""

    def __init__(self, compressed: ByteStream) -> None:
        self._compressed = compressed
        self.members = 0
        self.held = False

    def __iter__(self) -> Iterator[bytes]:
        while self._at_member():
            self.members += 1
            self._read_header()
            decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR_VER)
            try:
                yield from _inflate(self._compressed, decompressor, what="gzip")
            except _IsalError as error:
                raise self._damage(error) from error
        self.held = True

    def _at_member(self) -> bool:
        """Say whether another member follows; only zeroes may follow the last."""
        if self.members == 0 or self._compressed.peek(1) == _GZIP_MAGIC[:1]:
            return True
        refuse_trailing(self._compressed, after="the last gzip member")
        return False

    def _read_header(self) -> None:
        fixed = self._read(10)
        if fixed[:3] != _GZIP_MAGIC + b"\x08" or fixed[3] & _RESERVED:
            raise ArchiveDamaged(f"gzip member {self.members} begins with a damaged header")
        flags, header = fixed[3], fixed
        if flags & _FEXTRA:
            length = self._read(2)
            header += length + self._read(*struct.unpack("<H", length))
        for field in (_FNAME, _FCOMMENT):
            if flags & field:
                header += self._read_text()
        if flags & _FHCRC and struct.unpack("<H", self._read(2))[0] != zlib.crc32(header) & 0xFFFF:
            raise ArchiveDamaged(f"the header checksum of gzip member {self.members} does not fit")

    def _read(self, length: int) -> bytes:
        taken = self._compressed.read(length)
        if len(taken) < length:
            raise ArchiveDamaged(f"the archive is cut off inside the header of gzip member {self.members}")
        return taken

    def _read_text(self) -> bytes:
        ahead = self._compressed.peek(_LARGEST_FIELD_BYTES)
        end = ahead.find(b"\0")
        if end < 0 and len(ahead) == _LARGEST_FIELD_BYTES:
            raise ArchiveUnsafe(f"a text in the header of gzip member {self.members} has no end within 64 KiB")
        return self._read(end + 1 if end >= 0 else _LARGEST_FIELD_BYTES)

    def _damage(self, error: Exception) -> ArchiveDamaged:
        if f"Error {_WRONG_CHECKSUM} " in str(error):
            return ArchiveDamaged(f"the CRC-32 or the length of gzip member {self.members} does not fit its data")
        return damaged_near("gzip", self._compressed)


class Unxz:
    """The blocks inside an xz file; `unchecked` says that a stream carries no checksum of its content."""

    def __init__(self, compressed: ByteStream) -> None:
        self._compressed = compressed
        self.unchecked = False

    def __iter__(self) -> Iterator[bytes]:
        first = True
        while first or self._compressed.peek(1) == b"\xfd":
            first = False
            decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
            try:
                yield from _inflate(self._compressed, decompressor, what="xz")
            except lzma.LZMAError as error:
                if "Memory usage limit" in str(error):
                    raise ArchiveUnsafe("the xz stream asks for more than 96 MiB of memory to be unpacked") from error
                raise damaged_near("xz", self._compressed) from error
            self.unchecked |= decompressor.check == lzma.CHECK_NONE
        refuse_trailing(self._compressed, after="the last xz stream")


class Bunzip2:
    """The blocks inside a bzip2 file."""

    def __init__(self, compressed: ByteStream) -> None:
        self._compressed = compressed

    def __iter__(self) -> Iterator[bytes]:
        first = True
        while first or self._compressed.peek(1) == b"B":
            first = False
            try:
                yield from _inflate(self._compressed, bz2.BZ2Decompressor(), what="bzip2")
            except OSError as error:
                raise damaged_near("bzip2", self._compressed) from error
        refuse_trailing(self._compressed, after="the last bzip2 stream")


def gather(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Join small blocks: an archive of tiny gzip members, or a slow download, must not cost a step for each."""
    held: list[bytes] = []
    have = 0
    for block in blocks:
        held.append(block)
        have += len(block)
        if have >= GATHERED_BYTES:
            yield block if len(held) == 1 else b"".join(held)
            held.clear()
            have = 0
    if held:
        yield b"".join(held)


def refuse_trailing(stream: ByteStream, *, after: str) -> None:
    """Read to the end, where only zeroes may stand: tapes and block devices pad with them."""
    begin = stream.position
    for piece in stream.views(1 << 63):
        if bytes(piece).strip(b"\0"):
            raise ArchiveDamaged(f"something that does not belong there follows {after}, from byte {begin} on")


def _inflate(compressed: ByteStream, decompressor: Decompressor, *, what: str) -> Iterator[bytes]:
    """Yield one member. Pieces of input start small: what lies behind a tiny member is handed back by copying."""
    piece_bytes = _FIRST_PIECE_BYTES
    while not decompressor.eof:
        piece: memoryview | bytes = b""
        if decompressor.needs_input:
            piece = compressed.take(piece_bytes)
            if not piece:
                raise ArchiveDamaged(
                    f"the archive is cut off: its {what} stream ends after {compressed.position} bytes"
                )
            piece_bytes = min(2 * piece_bytes, _LARGEST_PIECE_BYTES)
        block = decompressor.decompress(piece, BLOCK_BYTES)
        empty_vector_registers()
        if block:
            yield block
    compressed.give_back(decompressor.unused_data)


def damaged_near(what: str, compressed: ByteStream) -> ArchiveDamaged:
    return ArchiveDamaged(f"the {what} stream is damaged within its first {compressed.position} bytes")
