"""Rotated files made small by logrotate: gzip, xz, bzip2 and Zstandard, never more out of them than was asked for."""

import bz2
import lzma
import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import zstandard

_CHUNK = 64 * 1024
_PIECE = 256 * 1024
_LZMA_MEMORY = 96 * 1024 * 1024
_ZSTD_WINDOW = 32 * 1024 * 1024


class BadCompression(ValueError):
    """These bytes are not what their name says; what came out before that is in `data`."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.data = data


class _Decoder(Protocol):
    @property
    def ended(self) -> bool: ...

    def pieces(self, data: bytes) -> Iterator[bytes]: ...


def is_compressed(name: bytes) -> bool:
    """Whether the name of a file ends as that of a compressed one."""
    return name.endswith((b".gz", b".xz", b".bz2", b".zst"))


def inflate(name: bytes, data: bytes, *, limit: int) -> bytes:
    """Return at most `limit` bytes of what a file holds, as it is where it is not compressed. Raises BadCompression."""
    out = bytearray()
    try:
        for piece in inflate_parts(name, [data], limit=limit):
            out += piece
    except BadCompression as error:
        raise BadCompression(str(error), bytes(out)) from error
    return bytes(out)


def inflate_parts(name: bytes, parts: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """Do the same for a file that comes in parts, piece by piece. Raises BadCompression, also after some."""
    decoder = _decoder(name) if is_compressed(name) else _Plain()
    left = limit
    try:
        for part in parts:
            for at in range(0, len(part), _CHUNK):
                for piece in decoder.pieces(part[at : at + _CHUNK]):
                    yield piece[:left]
                    left -= len(piece)
                    if left <= 0:
                        return
    except (zlib.error, lzma.LZMAError, EOFError, ValueError, zstandard.ZstdError, OSError) as error:
        raise BadCompression(f"it cannot be unpacked: {error}", b"") from error
    if not decoder.ended:
        raise BadCompression("it ends too early", b"")


def _decoder(name: bytes) -> _Decoder:
    if name.endswith(b".gz"):
        return _Gzip()
    if name.endswith(b".zst"):
        return _Zstandard()
    return _Bounded(lzma.LZMADecompressor(memlimit=_LZMA_MEMORY) if name.endswith(b".xz") else bz2.BZ2Decompressor())


class _Plain:
    """What is not packed."""

    ended = True

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Gzip:
    """Several members one after the other are one file."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.ended = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            yield self._inner.decompress(data, _PIECE)
            data = self._inner.unconsumed_tail
            self.ended = self._inner.eof
            if self._inner.eof:
                data = self._inner.unused_data.lstrip(b"\0")
                self._inner = zlib.decompressobj(wbits=31)


class _Bounded:
    """xz and bzip2: their objects take a bound on what comes out, and keep the rest for the next time."""

    def __init__(self, inner: lzma.LZMADecompressor | bz2.BZ2Decompressor) -> None:
        self._inner = inner

    @property
    def ended(self) -> bool:
        return self._inner.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while not self._inner.eof and (data or not self._inner.needs_input):
            yield self._inner.decompress(data, _PIECE)
            data = b""


class _Zstandard:
    """A chunk may grow a thousandfold: the object gives all of it, so chunks are fed in small pieces."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self.ended = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), 512):
            if self.ended:
                return
            yield self._inner.decompress(data[at : at + 512])
            self.ended = bool(self._inner.eof)
