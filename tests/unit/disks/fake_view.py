"""A guest view in memory, and the digests that it must have."""

import hashlib
import threading
from collections.abc import Iterator

from imgkit.digests import CHUNK_BYTES, ChunkDigests
from imgkit.model.disk import Extent, ExtentKind


class FakeView:
    """Bytes in memory, with the extents that a test says."""

    def __init__(self, content: bytes, extents: list[Extent] | None = None) -> None:
        self.content = content
        self._extents = extents if extents is not None else [Extent(0, len(content), ExtentKind.DATA)]
        self.read_at: list[int] = []
        self.lock = threading.Lock()

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        with self.lock:
            self.read_at.append(offset)
        return self.content[offset : offset + length]

    def extents(self) -> Iterator[Extent]:
        return iter(self._extents)

    def close(self) -> None:
        """Nothing to close."""


def honest(content: bytes) -> ChunkDigests:
    pieces = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    return ChunkDigests(size=len(content), digests=tuple(hashlib.sha256(piece).digest() for piece in pieces))
