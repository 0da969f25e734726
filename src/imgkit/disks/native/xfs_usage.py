"""How full an XFS is, as a kernel would say, and whether changes wait in its log."""

from imgkit.disks.native.usage import Usage
from imgkit.disks.native.volume import Bytes
from imgkit.disks.native.xfs_log import xfs_log_state
from imgkit.disks.native.xfs_reader import XfsReader
from imgkit.errors import CannotLookInside

_SET_ASIDE = 8  # blocks a group that the kernel keeps for its own trees, and counts as used
_MOST_INODES = (1 << 56) - 1
_MOST_GROUPS = 1 << 20


def xfs_usage(reader: XfsReader, volume: Bytes) -> Usage:
    """Count what the groups' headers say: the superblock's own counters are only kept up at times."""
    layout = reader.superblock
    if layout.groups > _MOST_GROUPS:
        raise CannotLookInside(f"the superblock claims {layout.groups:,} groups, which are not counted")
    free, inodes, free_inodes = _counted(reader, volume)
    usable = max(0, free - layout.groups * _SET_ASIDE)
    size = layout.blocks - (layout.log_blocks if layout.log_start else 0)
    if layout.blocks < usable or free_inodes > inodes:
        raise CannotLookInside("more is free than there is")
    most = min(inodes + (usable << layout.inodes_a_block_shift), _MOST_INODES)
    if layout.largest_inode_percent:
        limit = (layout.blocks * layout.largest_inode_percent // 100) << layout.inodes_a_block_shift
        most = max(min(most, limit), inodes)
    return Usage(
        size_bytes=size * layout.block_bytes,
        used_bytes=max(0, size - usable) * layout.block_bytes,
        free_bytes=usable * layout.block_bytes,
        inodes=most,
        inodes_free=most - (inodes - free_inodes),
        journal=xfs_log_state(volume, layout),
    )


def _counted(reader: XfsReader, volume: Bytes) -> tuple[int, int, int]:
    """Sum up free blocks, inodes and free inodes over the groups."""
    layout = reader.superblock
    free = inodes = free_inodes = 0
    for group in range(layout.groups):
        start = group * layout.group_blocks * layout.block_bytes
        space = volume.read(start + layout.sector_bytes, 64)
        index = volume.read(start + 2 * layout.sector_bytes, 64)
        if space[:4] != b"XAGF" or index[:4] != b"XAGI":
            raise CannotLookInside(f"the headers of group {group} are damaged")
        free += _number(space, 52) + _number(space, 48) + _number(space, 60)  # free, in the free list, in its trees
        inodes += _number(index, 16)
        free_inodes += _number(index, 28)
    return free, inodes, free_inodes


def _number(raw: bytes, offset: int) -> int:
    return int.from_bytes(raw[offset : offset + 4], "big")
