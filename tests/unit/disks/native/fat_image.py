"""A small FAT12 built byte by byte: sectors and clusters of 512 bytes, a root folder of one sector."""

import struct

from tests.unit.disks.native.memory import Memory

SECTOR = 512
ROOT_AT = 3 * SECTOR  # behind the boot sector and two tables
SECTORS = 200


class FatImage:
    """Put entries into the root folder, then read `memory`."""

    def __init__(self) -> None:
        self.content = bytearray(SECTORS * SECTOR)
        boot = b"\xeb\x3c\x90mkfs.fat" + struct.pack("<HBHBHHBH", SECTOR, 1, 1, 2, 16, SECTORS, 0xF8, 1)
        self.content[: len(boot)] = boot
        self.content[38:62] = b"\x29" + bytes.fromhex("78563412") + b"NO NAME    FAT12   "
        self.content[510:512] = b"\x55\xaa"
        for table in (SECTOR, 2 * SECTOR):
            self.content[table : table + 3] = b"\xf8\xff\xff"
        self._entries = 0
        self._cluster = 2

    @property
    def memory(self) -> Memory:
        return Memory(self.content)

    def file(self, name: bytes, data: bytes, *, attributes: int = 0x20) -> None:
        """Write a file of one cluster at most under a short name of 11 bytes."""
        cluster = self._cluster if data else 0
        entry = struct.pack("<11sB10sHHHI", name, attributes, bytes(10), 0x6000, 0x5821, cluster, len(data))
        at = ROOT_AT + self._entries * 32
        self.content[at : at + 32] = entry
        self._entries += 1
        if data:
            start = ROOT_AT + SECTOR + (cluster - 2) * SECTOR
            self.content[start : start + len(data)] = data
            for table in (SECTOR, 2 * SECTOR):
                low = table + cluster * 3 // 2
                pair = int.from_bytes(self.content[low : low + 2], "little")
                pair |= 0xFFF0 if cluster % 2 else 0x0FFF
                self.content[low : low + 2] = pair.to_bytes(2, "little")
            self._cluster += 1
