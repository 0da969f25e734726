"""Zstandard streams, inflated block by block: RFC 8878 says where each ends, so that nothing grows beyond 128 KiB.

The frames are walked here and not by libzstd's own readers in Python: those inflate whatever they are handed at once
(256 KiB can hold 8 GiB of zeroes), and do not tell a stream that is cut off from one that has ended.
"""

import struct
from collections.abc import Iterator

import zstandard

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.inflate import damaged_near, refuse_trailing
from imgkit.errors import ArchiveDamaged, ArchiveUnsafe
from imgkit.units import KiB, MiB

FRAME_MAGIC = b"\x28\xb5\x2f\xfd"
LARGEST_WINDOW_BYTES = 128 * MiB  # what zstd itself takes unless told otherwise; `--ultra -22` and `--long` need it
_LARGEST_BLOCK_BYTES = 128 * KiB
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)
_CHECKSUM_BYTES = 4


class Unzstd:
    """The blocks inside a zstd file of any number of frames; `unchecked` says that one carries no checksum."""

    def __init__(self, compressed: ByteStream) -> None:
        self._compressed = compressed
        self.frames = 0
        self.unchecked = False

    def __iter__(self) -> Iterator[bytes]:
        while self._at_frame():
            self.frames += 1
            yield from self._frame()
        refuse_trailing(self._compressed, after="the last zstd frame")

    def _at_frame(self) -> bool:
        """Skip what is meant to be skipped; say whether a frame follows."""
        while len(start := self._compressed.peek(8)) >= 4 and struct.unpack_from("<I", start)[0] in _SKIPPABLE:
            length = struct.unpack("<I", self._read(8)[4:])[0]
            for piece in self._compressed.views(length):
                length -= len(piece)
            if length:
                raise self._cut_off()
        return self.frames == 0 or start[:4] == FRAME_MAGIC

    def _frame(self) -> Iterator[bytes]:
        decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW_BYTES).decompressobj()
        header, has_checksum = self._header()
        self.unchecked |= not has_checksum
        try:
            decompressor.decompress(header)
            last = False
            while not last:
                block, last = self._block()
                if last and has_checksum:
                    block += self._read(_CHECKSUM_BYTES)
                if inflated := decompressor.decompress(block):
                    yield inflated
        except zstandard.ZstdError as error:
            raise damaged_near("zstd", self._compressed) from error
        if not decompressor.eof:
            raise damaged_near("zstd", self._compressed)

    def _header(self) -> tuple[bytes, bool]:
        """Read a frame's header; say with it whether a checksum follows the frame."""
        start = self._read(5)
        flags = start[4]
        if start[:4] != FRAME_MAGIC or flags & 8:
            raise ArchiveDamaged(f"zstd frame {self.frames} begins with a damaged header")
        single, size_bytes = bool(flags & 0x20), _SIZE_BYTES[flags >> 6]
        window = b"" if single else self._read(1)
        dictionary = self._read(_DICTIONARY_BYTES[flags & 3])
        size = self._read(size_bytes or int(single))
        if any(dictionary):
            raise ArchiveUnsafe("the zstd stream needs a dictionary that is not in it")
        needed = _window_bytes(window[0]) if window else _content_bytes(size)
        if needed > LARGEST_WINDOW_BYTES:
            raise ArchiveUnsafe("the zstd stream asks for more than 128 MiB of memory to be unpacked")
        return start + window + dictionary + size, bool(flags & 4)

    def _block(self) -> tuple[bytes, bool]:
        """Read one block, at most 128 KiB; say with it whether it is the frame's last."""
        start = self._read(3)
        told = int.from_bytes(start, "little")
        last, kind, length = bool(told & 1), told >> 1 & 3, told >> 3
        if length > _LARGEST_BLOCK_BYTES or kind == 3:
            raise damaged_near("zstd", self._compressed)
        return start + self._read(1 if kind == 1 else length), last  # kind 1 repeats one byte

    def _read(self, length: int) -> bytes:
        taken = self._compressed.read(length)
        if len(taken) < length:
            raise self._cut_off()
        return taken

    def _cut_off(self) -> ArchiveDamaged:
        return ArchiveDamaged(f"the archive is cut off: its zstd stream ends after {self._compressed.position} bytes")


def _window_bytes(descriptor: int) -> int:
    base = 1 << (10 + (descriptor >> 3))
    return base + base // 8 * (descriptor & 7)


def _content_bytes(field: bytes) -> int:
    """A frame in one segment needs its whole content as window; two bytes count from 256 on."""
    return int.from_bytes(field, "little") + (256 if len(field) == 2 else 0)
