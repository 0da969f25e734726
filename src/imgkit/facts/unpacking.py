"""Reading what is packed inside a guest, in bounded steps: a small file may hold more than any memory does."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Protocol, cast

import lz4.block
import zstandard
from isal import igzip_lib, isal_zlib

from imgkit.digests import empty_vector_registers
from imgkit.units import MiB

_PIECE = 256 * 1024
_LZMA_MEMORY = 128 * MiB
_ZSTD_WINDOW = 128 * MiB
_LZ4_BLOCK = 8 * MiB
_IsalError = cast("type[Exception]", igzip_lib.IsalError)  # its stub calls it an exception, not a class of them
_DAMAGED = (_IsalError, lzma.LZMAError, zstandard.ZstdError, lz4.block.LZ4BlockError, OSError, EOFError)
_LZ4_LEGACY = b"\x02\x21\x4c\x18"


class BadPacking(Exception):
    """What is packed cannot be read from here on, or is more than may be read."""


class Reads(Protocol):
    def read(self, size: int) -> bytes: ...


class PieceReader:
    """A file-like reader over pieces of bytes, with a look ahead and a bound on all that is read."""

    def __init__(self, pieces: Iterator[bytes], *, most: int) -> None:
        self._pieces = pieces
        self._kept = b""
        self._at = 0
        self._left = most

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end."""
        found = [self._kept[self._at : self._at + size]]
        self._at += len(found[0])
        missing = size - len(found[0])
        while missing > 0 and self._fill():
            part = self._kept[:missing]
            self._at = len(part)
            missing -= len(part)
            found.append(part)
        return b"".join(found)

    def peek(self, size: int) -> bytes:
        """Return up to `size` bytes without reading them."""
        ahead = self.read(size)
        self._kept = ahead + self._kept[self._at :]
        self._at = 0
        return ahead

    def skip(self, size: int) -> int:
        """Read over `size` bytes; return how many there were."""
        skipped = 0
        while skipped < size and (part := self.read(min(_PIECE, size - skipped))):
            skipped += len(part)
        return skipped

    def skip_zeroes(self) -> None:
        while part := self.read(4096):
            rest = part.lstrip(b"\0")
            if rest:
                self._kept = rest + self._kept[self._at :]
                self._at = 0
                return

    def _fill(self) -> bool:
        self._kept = next(self._pieces, b"")
        self._at = 0
        self._left -= len(self._kept)
        if self._left < 0:
            raise BadPacking("it holds more than this version reads")
        return bool(self._kept)


def packing_of(start: bytes) -> str:
    """Name the packing that begins like this, empty where it is none that is known."""
    return next((name for magic, (name, _) in _PACKINGS.items() if start.startswith(magic)), "")


def unpack(reader: PieceReader) -> Iterator[bytes]:
    """Yield what is packed, in bounded pieces. Raises BadPacking."""
    start = reader.peek(6)
    open_it = next((unpacker for magic, (_, unpacker) in _PACKINGS.items() if start.startswith(magic)), None)
    if open_it is None:
        raise BadPacking("its packing is not known")
    try:
        yield from open_it(reader)
    except _DAMAGED as error:
        raise BadPacking(f"its packing is damaged: {error}") from error


def _gzip(reader: PieceReader) -> Iterator[bytes]:
    unpacker = isal_zlib.decompressobj(31)  # four times as fast as zlib, which an initramfs of 60 MB is worth
    data = b""
    while not unpacker.eof:
        data = data or reader.read(_PIECE)
        if not data:
            raise BadPacking("its packing ends too early")
        part = unpacker.decompress(data, _PIECE)
        empty_vector_registers()
        yield part
        data = unpacker.unconsumed_tail


def _by_object(unpacker: "lzma.LZMADecompressor | bz2.BZ2Decompressor", reader: PieceReader) -> Iterator[bytes]:
    while not unpacker.eof:
        data = reader.read(_PIECE) if unpacker.needs_input else b""
        if unpacker.needs_input and not data:
            raise BadPacking("its packing ends too early")
        yield unpacker.decompress(data, _PIECE)


def _xz(reader: PieceReader) -> Iterator[bytes]:
    yield from _by_object(lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_MEMORY), reader)


def _bzip2(reader: PieceReader) -> Iterator[bytes]:
    yield from _by_object(bz2.BZ2Decompressor(), reader)


def _zstd(reader: Reads) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with unpacker.stream_reader(reader, read_across_frames=False, closefd=False) as stream:  # type: ignore[arg-type]
        while part := stream.read(_PIECE):
            yield part


def _lz4_legacy(reader: PieceReader) -> Iterator[bytes]:
    """The kernel's own form: a magic number, then blocks with their packed sizes (linux/lib/decompress_unlz4.c)."""
    reader.read(4)
    while len(size := reader.read(4)) == 4:
        length = int.from_bytes(size, "little")
        if size == _LZ4_LEGACY:
            continue
        if not length:
            return
        if length > _LZ4_BLOCK + _LZ4_BLOCK // 255 + 64:
            raise BadPacking("a block of its packing is too large")
        yield lz4.block.decompress(reader.read(length), uncompressed_size=_LZ4_BLOCK)


_PACKINGS: dict[bytes, tuple[str, Callable[[PieceReader], Iterator[bytes]]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"\xfd7zXZ\x00": ("xz", _xz),
    b"\x5d\x00\x00": ("lzma", _xz),
    b"BZh": ("bzip2", _bzip2),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    _LZ4_LEGACY: ("lz4", _lz4_legacy),
}
