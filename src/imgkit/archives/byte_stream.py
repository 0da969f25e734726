"""A stream of blocks read as if it were one run of bytes, without copying more than headers."""

from collections.abc import Iterable, Iterator


class ByteStream:
    """Bytes from an iterable of blocks. `position` is how many were taken."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks: Iterator[bytes] = iter(blocks)
        self._block = memoryview(b"")
        self.position = 0

    def peek(self, length: int) -> bytes:
        """Return the next bytes without taking them; fewer only at the end."""
        if len(self._block) < length:
            parts = [bytes(self._block)]
            have = len(self._block)
            while have < length and (more := next(self._blocks, None)) is not None:
                parts.append(more)
                have += len(more)
            self._block = memoryview(b"".join(parts))
        return bytes(self._block[:length])

    def read(self, length: int) -> bytes:
        """Take the next bytes; fewer only at the end."""
        taken = self.peek(length)
        self._advance(len(taken))
        return taken

    def take(self, limit: int) -> memoryview:
        """Take what is at hand, at most `limit` bytes; empty only at the end."""
        while not self._block:
            more = next(self._blocks, None)
            if more is None:
                return self._block
            self._block = memoryview(more)
        taken = self._block[:limit]
        self._advance(len(taken))
        return taken

    def views(self, length: int) -> Iterator[memoryview]:
        """Take the next `length` bytes in pieces; fewer only at the end."""
        while length and (piece := self.take(length)):
            length -= len(piece)
            yield piece

    def give_back(self, untaken: bytes) -> None:
        """Put the end of what was taken last back in front."""
        self._block = memoryview(untaken + bytes(self._block)) if self._block else memoryview(untaken)
        self.position -= len(untaken)

    def _advance(self, length: int) -> None:
        self._block = self._block[length:]
        self.position += length
