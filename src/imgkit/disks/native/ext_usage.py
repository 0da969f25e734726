"""How full an ext file system is, as a kernel would say, and whether changes wait in its journal."""

from imgkit.disks.journal_state import ext_journal
from imgkit.disks.native.ext_layout import (
    BIG_CLUSTERS,
    HAS_JOURNAL,
    JOURNAL_INODE,
    META_GROUPS,
    SUPERBLOCK_BYTES,
    SUPERBLOCK_OFFSET,
    WIDE,
    ExtSuperblock,
)
from imgkit.disks.native.ext_reader import ExtReader
from imgkit.disks.native.usage import Usage
from imgkit.disks.native.volume import Bytes
from imgkit.errors import CannotLookInside

_MOST_GROUPS = 1 << 20


def ext_usage(reader: ExtReader, volume: Bytes) -> Usage:
    """Count what the groups' descriptors say: the superblock's own counters are only kept up at times."""
    layout = reader.superblock
    if layout.groups > _MOST_GROUPS:
        raise CannotLookInside(f"the superblock claims {layout.groups:,} groups, which are not counted")
    free_clusters, free_inodes = _free(reader)
    overhead = layout.overhead_clusters * layout.cluster_blocks
    if not 0 < overhead <= layout.blocks:
        overhead = _overhead(reader)
    size = (layout.blocks - overhead) * layout.block_bytes
    free = free_clusters * layout.cluster_blocks * layout.block_bytes
    if not 0 <= free <= layout.blocks * layout.block_bytes or size <= 0 or free_inodes > layout.inodes:
        raise CannotLookInside("more is free than there is")
    return Usage(
        size_bytes=size,
        used_bytes=max(0, size - free),
        free_bytes=free,
        inodes=layout.inodes,
        inodes_free=free_inodes,
        journal=ext_journal(volume.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES)),
    )


def _free(reader: ExtReader) -> tuple[int, int]:
    clusters = inodes = 0
    wide = bool(reader.superblock.incompatible & WIDE) and reader.superblock.descriptor_bytes >= 64
    for group in range(reader.superblock.groups):
        raw = reader.descriptor(group)
        clusters += int.from_bytes(raw[12:14], "little") | (int.from_bytes(raw[44:46], "little") << 16 if wide else 0)
        inodes += int.from_bytes(raw[14:16], "little") | (int.from_bytes(raw[46:48], "little") << 16 if wide else 0)
    return clusters, inodes


def _overhead(reader: ExtReader) -> int:
    """Count what no file can have, as the kernel does where mke2fs did not leave the number."""
    layout = reader.superblock
    tables = -(-layout.inodes_per_group * layout.inode_bytes // layout.block_bytes)
    descriptors = -(-layout.groups * layout.descriptor_bytes // layout.block_bytes)
    if layout.incompatible & META_GROUPS:
        descriptors = min(descriptors, layout.first_meta_group)
    copies = sum(layout.has_superblock(group) for group in range(layout.groups))
    overhead = layout.first_block + layout.groups * (tables + 2) + copies * (1 + descriptors)
    return overhead + _journal_blocks(reader, layout)


def _journal_blocks(reader: ExtReader, layout: ExtSuperblock) -> int:
    if not layout.compatible & HAS_JOURNAL or layout.read_only & BIG_CLUSTERS:
        return 0
    try:
        return reader.inode(JOURNAL_INODE).size // layout.block_bytes
    except CannotLookInside:
        return 0
