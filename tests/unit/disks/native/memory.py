"""A disk in memory, which counts what is read and refuses what lies beyond its end."""

from mmap import mmap

from imgkit.disks.native.volume import require_inside


class Memory:
    """Bytes by offset, as every reader takes them."""

    def __init__(self, content: bytes | bytearray | mmap) -> None:
        self.content = content
        self.reads = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        require_inside(offset, length, len(self.content))
        self.reads += 1
        return bytes(self.content[offset : offset + length])

    def close(self) -> None:
        """Nothing to close."""
