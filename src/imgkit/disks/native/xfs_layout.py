"""The layout of XFS: superblock and inodes, of the older version 4 and of version 5 with checksums.

Facts: "XFS Algorithms & Data Structures", 3rd edition, and the kernel's fs/xfs/libxfs/xfs_format.h. All is big-endian.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from imgkit.errors import CannotLookInside

SUPERBLOCK_BYTES = 512
LOCAL, EXTENTS, BTREE = 1, 2, 3  # where a fork's content is: in the inode, listed there, in a tree
FLAG_REALTIME = 0x1
_BIG_TIME, _MANY_EXTENTS = 1 << 3, 1 << 4  # of an inode's second flags
_KNOWN_INCOMPATIBLE = 0xFF  # up to parent pointers; metadata folders and zones are none of ours
_FTYPE, _NEEDS_REPAIR = 0x1, 0x10
_FTYPE_4 = 0x200  # in version 4: of features2
_MINUS_2_31_NS = -(1 << 31) * 1_000_000_000
_CORE_4, _CORE_5 = 100, 176


@dataclass(frozen=True, slots=True, kw_only=True)
class XfsSuperblock:
    """Counts of blocks, but for what says bytes; logarithms end in `_shift`."""

    version: int
    block_bytes: int
    block_shift: int
    blocks: int
    group_blocks: int
    group_shift: int
    groups: int
    inode_bytes: int
    inodes_a_block_shift: int
    folder_bytes: int
    sector_bytes: int
    root: int
    log_start: int
    log_blocks: int
    has_types: bool
    largest_inode_percent: int
    inodes: int
    free_inodes: int
    free_blocks: int
    needs_repair: bool

    def block_offset(self, block: int) -> int:
        """Return where a block lies; its number holds the group above and the block inside it below."""
        group, inside = block >> self.group_shift, block & ((1 << self.group_shift) - 1)
        if group >= self.groups or inside >= self.group_blocks:
            raise CannotLookInside(f"block {block} lies outside the file system")
        return (group * self.group_blocks + inside) << self.block_shift

    def inode_offset(self, inode: int) -> int:
        block, index = inode >> self.inodes_a_block_shift, inode & ((1 << self.inodes_a_block_shift) - 1)
        return self.block_offset(block) + index * self.inode_bytes


def read_xfs_superblock(raw: bytes) -> XfsSuperblock:
    """Read and judge a superblock. Raises CannotLookInside for what no kernel would take."""
    if len(raw) < SUPERBLOCK_BYTES or raw[:4] != b"XFSB":
        raise CannotLookInside("there is no superblock of XFS")
    version = _number(raw, 100, 2) & 0xF
    incompatible = _number(raw, 216) if version == 5 else 0
    if version not in {4, 5} or incompatible & ~_KNOWN_INCOMPATIBLE:
        raise CannotLookInside(f"XFS of version {version} with features {incompatible:#x}, which imgkit does not know")
    block_shift, inode_shift, group_shift, folder_shift = raw[120], raw[122], raw[124], raw[192]
    if not (9 <= block_shift <= 16 and 8 <= inode_shift <= 11 and inode_shift <= block_shift):
        raise CannotLookInside("the superblock claims impossible sizes of blocks and inodes")
    if block_shift + folder_shift > 16 or group_shift > 32:
        raise CannotLookInside("the superblock claims impossible sizes of folders and groups")
    if 1 << block_shift != _number(raw, 4) or 1 << inode_shift != _number(raw, 104, 2):
        raise CannotLookInside("the superblock contradicts itself about the sizes of blocks and inodes")
    types = incompatible & _FTYPE if version == 5 else _number(raw, 200) & _FTYPE_4
    return XfsSuperblock(
        version=version,
        block_bytes=1 << block_shift,
        block_shift=block_shift,
        blocks=_number(raw, 8, 8),
        group_blocks=_number(raw, 84),
        group_shift=group_shift,
        groups=_number(raw, 88),
        inode_bytes=1 << inode_shift,
        inodes_a_block_shift=block_shift - inode_shift,
        folder_bytes=1 << (block_shift + folder_shift),
        sector_bytes=_number(raw, 102, 2),
        root=_number(raw, 56, 8),
        log_start=_number(raw, 48, 8),
        log_blocks=_number(raw, 96),
        has_types=bool(types),
        largest_inode_percent=raw[127],
        inodes=_number(raw, 128, 8),
        free_inodes=_number(raw, 136, 8),
        free_blocks=_number(raw, 144, 8),
        needs_repair=bool(incompatible & _NEEDS_REPAIR),
    )


class XfsInode(NamedTuple):
    """One inode; its two forks lead to its content and its extended attributes."""

    number: int
    mode: int
    uid: int
    gid: int
    size: int
    links: int
    flags: int
    accessed_ns: int
    modified_ns: int
    changed_ns: int
    born_ns: int | None
    data_format: int
    data_extents: int
    data: bytes
    attribute_format: int
    attribute_extents: int
    attributes: bytes


_INODE = struct.Struct(">2sHBBHIIIHHQQQQqQIIHBBIHHII")
_LATER = struct.Struct(">QI12xQQ")  # flags2, cowextsize, crtime, number


def parse_xfs_inode(number: int, raw: bytes) -> XfsInode:
    """Take an inode apart. Raises CannotLookInside where there is none."""
    fields = _INODE.unpack_from(raw)
    magic, mode, version, data_format, old_links, uid, gid, links = fields[:8]
    big_extents, accessed, modified, changed, size, _, _, extents, few, fork, attribute_format, _, _, flags = fields[
        10:24
    ]
    if magic != b"IN" or not mode or version not in {1, 2, 3}:
        raise CannotLookInside(f"inode {number} is empty")
    flags2, _, born, own_number = _LATER.unpack_from(raw, 120) if version == 3 else (0, 0, 0, number)
    if own_number != number:
        raise CannotLookInside(f"inode {number} says that it is inode {own_number}")
    core = _CORE_5 if version == 3 else _CORE_4
    split = core + fork * 8 if fork else len(raw)
    many = flags2 & _MANY_EXTENTS
    read_time = _big_time if flags2 & _BIG_TIME else _old_time
    return XfsInode(
        number,
        mode,
        uid,
        gid,
        size,
        old_links if version == 1 else links,
        flags,
        read_time(accessed),
        read_time(modified),
        read_time(changed),
        read_time(born) if version == 3 else None,
        data_format,
        big_extents if many else extents,
        raw[core:split],
        attribute_format,
        extents if many else few,
        raw[split:],
    )


def _old_time(stored: int) -> int:
    seconds, nanoseconds = stored >> 32, stored & 0xFFFFFFFF
    return (seconds - (1 << 32) if seconds >> 31 else seconds) * 1_000_000_000 + nanoseconds


def _big_time(stored: int) -> int:
    return stored + _MINUS_2_31_NS


def _number(raw: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(raw[offset : offset + size], "big")
