"""A small ext file system built byte by byte: blocks of 1 KiB, one group, inodes of 256 bytes."""

import struct

from tests.unit.disks.native.memory import Memory

BLOCK = 1024
INODES = 32
TABLE = 5  # the block at which the inodes begin
FIRST_DATA = TABLE + INODES * 256 // BLOCK
EXTENTS, INLINE, ENCRYPTED = 0x80000, 0x10000000, 0x800


class ExtImage:
    """Write inodes and blocks, then read `memory`."""

    def __init__(
        self, *, blocks: int = 128, compatible: int = 0, incompatible: int = 0x42, read_only: int = 0x1
    ) -> None:
        self.content = bytearray(blocks * BLOCK)
        self._free = FIRST_DATA
        block = bytearray(1024)
        struct.pack_into("<IIIIIII", block, 0, INODES, blocks, 0, 60, 20, 1, 0)
        struct.pack_into("<IIII", block, 0x1C, 0, 8192, 8192, INODES)
        struct.pack_into("<HHH", block, 0x38, 0xEF53, 1, 1)
        struct.pack_into("<I", block, 0x4C, 1)
        struct.pack_into("<IHHIII", block, 0x54, 11, 256, 0, compatible, incompatible, read_only)
        self.content[1024:2048] = block
        struct.pack_into("<IIIHHH", self.content, 2048, 3, 4, TABLE, 60, 20, 2)
        self.folder(2, {})

    @property
    def memory(self) -> Memory:
        return Memory(self.content)

    def poke(self, offset: int, form: str, *values: int) -> None:
        """Overwrite a field of the superblock."""
        struct.pack_into(form, self.content, 1024 + offset, *values)

    def block(self, data: bytes) -> int:
        """Put data into a block of its own and return its number."""
        number = self._free
        self._free += 1
        self.content[number * BLOCK : number * BLOCK + len(data)] = data
        return number

    def inode(
        self,
        number: int,
        mode: int,
        *,
        size: int = 0,
        block: bytes = b"",
        flags: int = 0,
        modified: tuple[int, int] = (0, 0),
        owner: tuple[int, int] = (0, 0),
        attributes: bytes = b"",
        acl: int = 0,
    ) -> None:
        """Write an inode; `modified` is the field of seconds and the extra field."""
        raw = bytearray(256)
        uid, gid = owner
        struct.pack_into("<HHIiii", raw, 0, mode, uid & 0xFFFF, size & 0xFFFFFFFF, 0, 0, modified[0])
        struct.pack_into("<HHII", raw, 24, gid & 0xFFFF, 1, 2, flags)
        raw[40 : 40 + len(block)] = block
        struct.pack_into("<II", raw, 104, acl, size >> 32)
        struct.pack_into("<HH", raw, 120, uid >> 16, gid >> 16)
        struct.pack_into("<HHIII", raw, 128, 32, 0, 0, modified[1], 0)
        raw[160 : 160 + len(attributes)] = attributes
        self.content[TABLE * BLOCK + (number - 1) * 256 : TABLE * BLOCK + number * 256] = raw

    def file(self, number: int, data: bytes) -> None:
        """Write a regular file in one extent."""
        first = self._free
        for at in range(0, len(data), BLOCK):
            self.block(data[at : at + BLOCK])
        self.inode(number, 0o100644, size=len(data), block=extents((0, -(-len(data) // BLOCK), first)), flags=EXTENTS)

    def folder(self, number: int, names: dict[bytes, int]) -> None:
        """Write a folder in one block."""
        block = self.block(entries({b".": number, b"..": 2} | names))
        self.inode(number, 0o40755, size=BLOCK, block=extents((0, 1, block)), flags=EXTENTS)


def extents(*leaves: tuple[int, int, int], depth: int = 0) -> bytes:
    """A node of a tree of extents with these leaves: block of the file, count, block of the disk."""
    head = struct.pack("<HHHHI", 0xF30A, len(leaves), 4, depth, 0)
    return head + b"".join(struct.pack("<IHHI", block, count, 0, place) for block, count, place in leaves)


def entries(names: dict[bytes, int], *, size: int = BLOCK) -> bytes:
    """A block of a folder; the last entry takes the rest."""
    made = b""
    for at, (name, inode) in enumerate(names.items()):
        length = 8 + -(-len(name) // 4) * 4
        if at == len(names) - 1:
            length = size - len(made)
        made += struct.pack("<IHBB", inode, length, len(name), 0) + name.ljust(length - 8, b"\0")
    return made
