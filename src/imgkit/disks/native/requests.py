"""The child's end of the pipe that requests come from; it can tell whether one waits."""

import os
import select
from collections.abc import Iterator

from imgkit.disks.native.wire import LARGEST_REQUEST, REQUEST
from imgkit.units import KiB

_READ_BYTES = 64 * KiB


class Requests:
    """Iterating yields the numbers and payload of every request, until the other side is gone or makes no sense."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._read = bytearray()

    def __iter__(self) -> Iterator[tuple[list[int], bytes]]:
        while head := self._take(REQUEST.size):
            length, *numbers = REQUEST.unpack(head)
            payload = self._take(length) if 0 < length <= LARGEST_REQUEST else b""
            if len(payload) != length:
                return
            yield numbers, payload

    def none_waits(self) -> bool:
        """Whether reading the next one would have to wait."""
        return not self._read and not select.select([self._pipe], [], [], 0)[0]

    def _take(self, count: int) -> bytes:
        """Return so many bytes, none where the other side is gone."""
        while len(self._read) < count:
            block = os.read(self._pipe, _READ_BYTES)
            if not block:
                return b""
            self._read += block
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken
