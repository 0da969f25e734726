"""A small XFS of version 5 built byte by byte: blocks of 4 KiB, one group of 64 blocks, inodes of 512 bytes."""

import struct

from tests.unit.disks.native.memory import Memory

BLOCK = 4096
TABLE = 8  # the block of the first inodes
ROOT = TABLE * 8
LOG, LOG_BLOCKS = 40, 4
UNMOUNT = 0x20


class XfsImage:
    """Write inodes and blocks, then read `memory`."""

    def __init__(self, *, version: int = 5, blocks: int = 64) -> None:
        self.version = version
        self.content = bytearray(blocks * BLOCK)
        self._free = TABLE + 4
        head = bytearray(512)
        struct.pack_into(">4sIQ", head, 0, b"XFSB", BLOCK, blocks)
        struct.pack_into(">QQ", head, 48, LOG, ROOT)
        struct.pack_into(">II", head, 84, blocks, 1)
        struct.pack_into(">IHHHH", head, 96, LOG_BLOCKS, 0xB4A0 | version, 512, 512, 8)
        head[108:120] = b"data".ljust(12, b"\0")
        head[120:125] = bytes((12, 9, 9, 3, 6))
        head[127] = 25
        struct.pack_into(">III", head, 200, 0x200, 0, 0)
        struct.pack_into(">I", head, 216, 0x1 | 0x2 | 0x8 if version == 5 else 0)
        self.content[:512] = head
        self.content[512:516], self.content[1024:1028] = b"XAGF", b"XAGI"
        struct.pack_into(">IIII", self.content, 512 + 48, 4, 20, 10, 1)
        struct.pack_into(">I", self.content, 1024 + 16, 64)
        struct.pack_into(">I", self.content, 1024 + 28, 60)
        self.log(UNMOUNT)

    @property
    def memory(self) -> Memory:
        return Memory(self.content)

    def poke(self, offset: int, form: str, *values: int) -> None:
        struct.pack_into(form, self.content, offset, *values)

    def block(self, data: bytes) -> int:
        """Put data into blocks of its own and return the number of the first."""
        number = self._free
        self._free += -(-len(data) // BLOCK)
        self.content[number * BLOCK : number * BLOCK + len(data)] = data
        return number

    def inode(
        self,
        number: int,
        mode: int,
        *,
        data: bytes = b"",
        form: int = 2,
        extents: int = 0,
        size: int = 0,
        modified: int = 0,
        attributes: bytes = b"",
        attribute_form: int = 1,
        attribute_extents: int = 0,
        big_time: bool = True,
    ) -> None:
        """Write an inode; attributes begin in the middle of what its core leaves."""
        core = 176 if self.version == 5 else 100
        fork = 20 if attributes else 0
        raw = bytearray(512)
        struct.pack_into(">2sHBBHIII", raw, 0, b"IN", mode, 3 if self.version == 5 else 2, form, 0, 1000, 1001, 2)
        struct.pack_into(">QQQq", raw, 32, 0, modified, 0, size)
        struct.pack_into(">IHBB", raw, 76, extents, attribute_extents, fork, attribute_form)
        if self.version == 5:
            struct.pack_into(">QI12xQQ", raw, 120, 8 if big_time else 0, 0, 0, number)
        raw[core : core + len(data)] = data
        raw[core + fork * 8 : core + fork * 8 + len(attributes)] = attributes
        start = TABLE * BLOCK + (number - ROOT) * 512
        self.content[start : start + 512] = raw

    def folder(self, number: int, names: dict[bytes, int]) -> None:
        """Write a folder that lies in its inode."""
        raw = bytes((len(names), 0)) + struct.pack(">I", ROOT)
        for name, inode in names.items():
            raw += bytes((len(name), 0, 0)) + name + b"\1" + struct.pack(">I", inode)
        self.inode(number, 0o40755, data=raw, form=1, size=len(raw))

    def file(self, number: int, content: bytes) -> None:
        block = self.block(content)
        data = extent(0, -(-len(content) // BLOCK), block)
        self.inode(number, 0o100644, data=data, extents=1, size=len(content))

    def log(self, flags: int, *, cycle: int = 1, sector: int = 0, operations: int = 1) -> None:
        """Write a record of the log with one operation."""
        start = LOG * BLOCK + sector * 512
        self.content[start : start + 4] = b"\xfe\xed\xba\xbe"
        struct.pack_into(">IIIQ", self.content, start + 4, cycle, 2, 512, cycle << 32 | sector)
        struct.pack_into(">I", self.content, start + 40, operations)
        struct.pack_into(">I", self.content, start + 320, 32768)
        self.content[start + 512 + 9] = flags


def extent(start: int, length: int, block: int, *, unwritten: bool = False) -> bytes:
    high = int(unwritten) << 63 | start << 9 | block >> 43
    return struct.pack(">QQ", high, (block & ((1 << 43) - 1)) << 21 | length)
