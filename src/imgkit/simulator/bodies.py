"""Bodies of requests as they come off the wire: of a known length, or in chunks."""

from typing import Protocol

from imgkit.simulator.messages import Body, BytesBody
from imgkit.units import MiB

_LONGEST_CHUNK_LINE = 256
_LARGEST_CHUNK = 1 << 40


class Wire(Protocol):
    """The reading end of a connection."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


class BadBody(Exception):
    """The body cannot be read as HTTP."""


class CountedBody:
    """A body of the length that Content-Length announced."""

    def __init__(self, wire: Wire, length: int) -> None:
        self._wire = wire
        self._left = length
        self.length: int | None = length

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; nothing at the end, or where the client hung up."""
        data = self._wire.read(min(count, self._left)) if self._left else b""
        self._left -= len(data)
        return data


class ChunkedBody:
    """A body with `Transfer-Encoding: chunked`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._left = 0
        self._ended = False
        self.length: int | None = None

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes. Raises BadBody where chunks are malformed or the client hung up."""
        if not self._ended and not self._left:
            self._next_chunk()
        if self._ended:
            return b""
        data = self._wire.read(min(count, self._left))
        if not data:
            raise BadBody("the body ends in the middle of a chunk")
        self._left -= len(data)
        if not self._left and self._wire.readline(_LONGEST_CHUNK_LINE).strip():
            raise BadBody("a chunk is longer than it says")
        return data

    def _next_chunk(self) -> None:
        line = self._wire.readline(_LONGEST_CHUNK_LINE)
        try:
            self._left = int(line.partition(b";")[0].strip(), 16)
        except ValueError as error:
            raise BadBody(f"not the size of a chunk: {line!r}") from error
        if not 0 <= self._left < _LARGEST_CHUNK:
            raise BadBody(f"not the size of a chunk: {line!r}")
        if self._left == 0:
            self._ended = True
            while self._wire.readline(_LONGEST_CHUNK_LINE).strip():
                pass  # trailers


def read_body(wire: Wire, *, length: str, encoding: str) -> Body:
    """Return the body that these headers announce. Raises BadBody where they contradict each other or say nonsense."""
    if encoding:
        if encoding.strip().lower() != "chunked" or length:
            raise BadBody(f"cannot read Transfer-Encoding {encoding!r} with Content-Length {length!r}")
        return ChunkedBody(wire)
    if not length:
        return BytesBody()
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise BadBody(f"not a Content-Length: {length!r}")
    return CountedBody(wire, int(length))


def drain(body: Body) -> bool:
    """Read what is left of a body, if it is little; False where the connection is better closed."""
    left = MiB
    while left > 0:
        data = body.read(left)
        if not data:
            return True
        left -= len(data)
    return False
