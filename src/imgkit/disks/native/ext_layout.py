"""The layout of ext2, ext3 and ext4: superblock, group descriptors, inodes.

Facts: the kernel's Documentation/filesystems/ext4, and e2fsprogs' lib/ext2fs/ext2_fs.h.
"""

import stat
import struct
from dataclasses import dataclass
from typing import NamedTuple

from imgkit.errors import CannotLookInside

SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES = 1024, 1024
ROOT_INODE, JOURNAL_INODE = 2, 8
HAS_JOURNAL = 0x4  # of the compatible features; the others below are of the incompatible ones
JOURNAL_DEVICE, META_GROUPS, WIDE, LARGE_FOLDERS = 0x8, 0x10, 0x80, 0x4000
SPARSE_SUPER, BIG_CLUSTERS, SPARSE_SUPER2 = 0x1, 0x200, 0x200  # read-only, read-only, compatible
FLAG_ENCRYPTED, FLAG_EXTENTS, FLAG_INLINE = 0x800, 0x80000, 0x10000000
_KNOWN = 0x3E7DE  # neither compression nor Lustre's data in folders
_MAGIC = 0xEF53
_LARGEST_BLOCK_SHIFT = 6  # 64 KiB
_EXTRA_START = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtSuperblock:
    """Sizes in bytes where they say so, counts of blocks otherwise."""

    block_bytes: int
    cluster_blocks: int
    blocks: int
    inodes: int
    free_inodes: int
    first_block: int
    blocks_per_group: int
    inodes_per_group: int
    inode_bytes: int
    descriptor_bytes: int
    first_meta_group: int
    reserved_descriptor_blocks: int
    overhead_clusters: int
    backup_groups: tuple[int, int]
    compatible: int
    incompatible: int
    read_only: int

    @property
    def groups(self) -> int:
        return -(-(self.blocks - self.first_block) // self.blocks_per_group)

    def has_superblock(self, group: int) -> bool:
        """Whether a group begins with a copy of the superblock and the descriptors."""
        if self.compatible & SPARSE_SUPER2:
            return group == 0 or group in self.backup_groups
        return group <= 1 or not self.read_only & SPARSE_SUPER or any(_is_power(group, base) for base in (3, 5, 7))


def read_ext_superblock(raw: bytes) -> ExtSuperblock:
    """Read and judge a superblock. Raises CannotLookInside for what no kernel would take."""
    if len(raw) < SUPERBLOCK_BYTES or _number(raw, 0x38, 2) != _MAGIC:
        raise CannotLookInside("there is no superblock of ext2, ext3 or ext4")
    incompatible = _number(raw, 0x60)
    wide = bool(incompatible & WIDE)
    old = _number(raw, 0x4C) == 0  # revision 0 has fixed sizes
    shift = _number(raw, 0x18)
    if shift > _LARGEST_BLOCK_SHIFT:
        raise CannotLookInside(f"the superblock claims blocks of 2^{10 + shift} bytes")
    found = ExtSuperblock(
        block_bytes=1024 << shift,
        cluster_blocks=_cluster_blocks(raw, shift),
        blocks=_number(raw, 0x04) | (_number(raw, 0x150) << 32 if wide else 0),
        inodes=_number(raw, 0x00),
        free_inodes=_number(raw, 0x10),
        first_block=_number(raw, 0x14),
        blocks_per_group=_number(raw, 0x20),
        inodes_per_group=_number(raw, 0x28),
        inode_bytes=128 if old else _number(raw, 0x58, 2),
        descriptor_bytes=(_number(raw, 0xFE, 2) or 32) if wide else 32,
        first_meta_group=_number(raw, 0x104),
        reserved_descriptor_blocks=_number(raw, 0xCE, 2),
        overhead_clusters=_number(raw, 0x248),
        backup_groups=(_number(raw, 0x24C), _number(raw, 0x250)),
        compatible=_number(raw, 0x5C),
        incompatible=incompatible,
        read_only=_number(raw, 0x64),
    )
    _judge(found)
    return found


def _cluster_blocks(raw: bytes, shift: int) -> int:
    if not _number(raw, 0x64) & BIG_CLUSTERS:
        return 1
    cluster_shift = _number(raw, 0x1C)
    if not shift <= cluster_shift <= 20:
        raise CannotLookInside(f"the superblock claims clusters of 2^{10 + cluster_shift} bytes")
    return 1 << (cluster_shift - shift)


def _judge(found: ExtSuperblock) -> None:
    unknown = found.incompatible & ~_KNOWN
    if unknown or found.incompatible & JOURNAL_DEVICE:
        what = "it is the journal of another file system" if found.incompatible & JOURNAL_DEVICE else f"{unknown:#x}"
        raise CannotLookInside(f"features of ext that imgkit does not know: {what}")
    inode = found.inode_bytes
    if not 128 <= inode <= found.block_bytes or inode & (inode - 1):
        raise CannotLookInside(f"the superblock claims inodes of {inode} bytes")
    if not (found.blocks_per_group and found.inodes_per_group and 32 <= found.descriptor_bytes <= found.block_bytes):
        raise CannotLookInside("the superblock claims groups without blocks or inodes")
    if found.first_block >= found.blocks or found.blocks_per_group > found.block_bytes * 8 * found.cluster_blocks:
        raise CannotLookInside("the superblock claims groups larger than their bitmaps")
    if found.groups * found.inodes_per_group < found.inodes:
        raise CannotLookInside("the superblock claims more inodes than its groups hold")


class ExtInode(NamedTuple):
    """One inode; `raw` is all of it, `block` the 60 bytes that lead to its content."""

    number: int
    raw: bytes
    mode: int
    uid: int
    gid: int
    size: int
    links: int
    flags: int
    sectors: int
    acl_block: int
    changed_ns: int
    modified_ns: int
    accessed_ns: int
    born_ns: int | None

    @property
    def block(self) -> bytes:
        return self.raw[40:100]

    @property
    def attributes_start(self) -> int:
        """Where the extended attributes inside the inode begin."""
        extra = int.from_bytes(self.raw[128:130], "little") if len(self.raw) > _EXTRA_START else 0
        return min(_EXTRA_START + extra, len(self.raw))


_INODE = struct.Struct("<HHIiiiIHHIII60sIIIIHHHHI")
_EXTRA = struct.Struct("<HHIIIiI")  # size, checksum; extra of ctime, mtime, atime; crtime and its extra


def parse_inode(number: int, raw: bytes, *, large_folders: bool = False) -> ExtInode:
    """Take an inode apart. The upper half of the size is another thing in old folders."""
    fields = _INODE.unpack_from(raw)
    mode, uid, size, accessed, changed, modified, _, gid, links, sectors, flags = fields[:11]
    acl_low, size_high, _, _, acl_high, uid_high, gid_high = fields[14:21]
    extra, _, changed_extra, modified_extra, accessed_extra, born, born_extra = (
        _EXTRA.unpack_from(raw, _EXTRA_START) if len(raw) > _EXTRA_START + _EXTRA.size else (0,) * 7
    )
    if not (stat.S_ISREG(mode) or (large_folders and stat.S_ISDIR(mode))):
        size_high = 0
    return ExtInode(
        number,
        raw,
        mode,
        uid | uid_high << 16,
        gid | gid_high << 16,
        size | size_high << 32,
        links,
        flags,
        sectors,
        acl_low | acl_high << 32,
        _time_ns(changed, changed_extra if extra >= 8 else 0),
        _time_ns(modified, modified_extra if extra >= 12 else 0),
        _time_ns(accessed, accessed_extra if extra >= 16 else 0),
        _time_ns(born, born_extra if extra >= 24 else 0) if extra >= 20 else None,
    )


def _time_ns(seconds: int, extra: int) -> int:
    """The two low bits of the extra field carry time beyond 2038, the others nanoseconds."""
    return (seconds + ((extra & 3) << 32)) * 1_000_000_000 + (extra >> 2)


def _number(raw: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(raw[offset : offset + size], "little")


def _is_power(number: int, base: int) -> bool:
    while number > 1 and number % base == 0:
        number //= base
    return number == 1
