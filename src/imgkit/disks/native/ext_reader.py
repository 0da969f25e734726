"""Reading ext2, ext3 and ext4 by inodes.

The libraries at hand were measured first: libfsext refuses large folders, values in inodes of their own, and names that
are no UTF-8; the Sleuth Kit has times before 1970 and after 2106 wrong, no extended attributes, and no large clusters.
"""

import stat
import struct
from collections.abc import Iterator, Mapping, Sequence

from imgkit.disks.native import ext_attributes as attributes
from imgkit.disks.native.ext_blocks import Run, extent_runs, listed_runs
from imgkit.disks.native.ext_folder import gather, inline_names, names_in_block
from imgkit.disks.native.ext_layout import (
    FLAG_ENCRYPTED,
    FLAG_EXTENTS,
    FLAG_INLINE,
    LARGE_FOLDERS,
    META_GROUPS,
    ROOT_INODE,
    SUPERBLOCK_BYTES,
    SUPERBLOCK_OFFSET,
    ExtInode,
    ExtSuperblock,
    parse_inode,
    read_ext_superblock,
)
from imgkit.disks.native.reader import PART_BYTES, Name, Row, Stretch, row_of, zeroes
from imgkit.disks.native.volume import Bytes, Cached
from imgkit.errors import CannotLookInside, NeedsKey
from imgkit.units import MiB

_LARGEST_FOLDER = 256 * MiB
_LONGEST_LINK = 4096
_DESCRIPTOR = struct.Struct("<III")


class ExtReader:
    """One file system of the ext family."""

    root = ROOT_INODE

    def __init__(self, volume: Bytes) -> None:
        self._volume = Cached(volume)
        self.superblock: ExtSuperblock = read_ext_superblock(self._volume.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES))
        self._tables: dict[int, int] = {}
        self._large_folders = bool(self.superblock.incompatible & LARGE_FOLDERS)

    def row(self, inode: int) -> Row:
        return row_of(self.inode(inode))

    def names(self, inode: int) -> Sequence[Name]:
        return gather(self._names(self._require(inode, stat.S_IFDIR, "folder")))

    def parts(self, inode: int, offset: int, length: int) -> Iterator[bytes]:
        found = self._require(inode, stat.S_IFREG, "regular file")
        _refuse_encrypted(found)
        yield from self._content(found, offset, min(length, found.size - offset))

    def stored(self, inode: int) -> Iterator[Stretch]:
        found = self._require(inode, stat.S_IFREG, "regular file")
        _refuse_encrypted(found)
        if found.flags & FLAG_INLINE:
            yield Stretch(0, found.size)
            return
        block_bytes = self.superblock.block_bytes
        for run in self._runs(found, 0, -(-found.size // block_bytes)):
            yield Stretch(run.block * block_bytes, run.length * block_bytes)

    def link_target(self, inode: int) -> bytes:
        found = self._require(inode, stat.S_IFLNK, "link")
        _refuse_encrypted(found)
        if found.size > _LONGEST_LINK:
            raise CannotLookInside(f"it is a link of {found.size} bytes")
        if found.size < len(found.block) and not found.flags & (FLAG_EXTENTS | FLAG_INLINE):
            return found.block[: found.size]
        return b"".join(self._content(found, 0, found.size))

    def xattrs(self, inode: int) -> Mapping[bytes, bytes]:
        return dict(pair for one in self._attributes(self.inode(inode)) if (pair := attributes.shown(one)) is not None)

    def inode(self, number: int) -> ExtInode:
        """Read an inode. Raises CannotLookInside for one that is outside the file system or was never used."""
        layout = self.superblock
        if not 1 <= number <= layout.inodes:
            raise CannotLookInside(f"there is no inode {number}")
        group, index = divmod(number - 1, layout.inodes_per_group)
        raw = self._volume.read(self._table(group) + index * layout.inode_bytes, layout.inode_bytes)
        found = parse_inode(number, raw, large_folders=self._large_folders)
        if not found.mode:
            raise CannotLookInside(f"inode {number} is empty")
        return found

    def descriptor(self, group: int) -> bytes:
        """Return a group's descriptor."""
        layout = self.superblock
        each = layout.block_bytes // layout.descriptor_bytes
        shifted = SUPERBLOCK_OFFSET // layout.block_bytes  # with blocks of 1 KiB the superblock fills the second one
        block = shifted + 1 + group // each
        if layout.incompatible & META_GROUPS and group // each >= layout.first_meta_group:
            first = group // each * each
            block = layout.first_block + first * layout.blocks_per_group + layout.has_superblock(first)
            block += shifted if first == 0 and layout.first_block == 0 else 0
        start = block * layout.block_bytes + group % each * layout.descriptor_bytes
        return self._volume.read(start, layout.descriptor_bytes)

    def _table(self, group: int) -> int:
        """Return the byte at which a group's inodes begin."""
        known = self._tables.get(group)
        if known is None:
            raw = self.descriptor(group)
            high = int.from_bytes(raw[0x28:0x2C], "little") if len(raw) >= 64 else 0
            block = _DESCRIPTOR.unpack_from(raw)[2] | high << 32
            known = self._tables[group] = block * self.superblock.block_bytes
        return known

    def _require(self, inode: int, kind: int, word: str) -> ExtInode:
        found = self.inode(inode)
        if stat.S_IFMT(found.mode) != kind:
            raise CannotLookInside(f"it is no {word}")
        return found

    def _names(self, folder: ExtInode) -> Iterator[Name]:
        encrypted = bool(folder.flags & FLAG_ENCRYPTED)
        if folder.flags & FLAG_INLINE:
            rest = self._inline_rest(folder)
            yield from inline_names(folder.block, rest, encrypted=encrypted)
            return
        if folder.size > _LARGEST_FOLDER:
            raise CannotLookInside(f"the folder takes {folder.size} bytes, and is not listed")
        block_bytes = self.superblock.block_bytes
        for run in self._runs(folder, 0, -(-folder.size // block_bytes)):
            for place in range(run.place, run.place + run.length):
                block = self._volume.read(place * block_bytes, block_bytes)
                yield from names_in_block(block, encrypted=encrypted)

    def _content(self, file: ExtInode, offset: int, length: int) -> Iterator[bytes]:
        if length <= 0:
            return
        if file.flags & FLAG_INLINE:
            inside = (file.block + self._inline_rest(file))[offset : min(file.size, offset + length)]
            yield inside
            yield from zeroes(length - len(inside))
            return
        block_bytes = self.superblock.block_bytes
        end, at = offset + length, offset
        for run in self._runs(file, offset // block_bytes, -(-end // block_bytes)):
            start = max(run.block * block_bytes, at)
            stop = min((run.block + run.length) * block_bytes, end)
            yield from zeroes(start - at)
            yield from self._pieces((run.place - run.block) * block_bytes + start, stop - start)
            at = stop
        yield from zeroes(end - at)

    def _pieces(self, start: int, length: int) -> Iterator[bytes]:
        for at in range(start, start + length, PART_BYTES):
            yield self._volume.read_through(at, min(PART_BYTES, start + length - at))

    def _runs(self, inode: ExtInode, first: int, end: int) -> Iterator[Run]:
        runs = extent_runs if inode.flags & FLAG_EXTENTS else listed_runs
        return runs(self._volume, self.superblock.block_bytes, inode.block, first, end)

    def _inline_rest(self, inode: ExtInode) -> bytes:
        return next((one.value for one in self._attributes(inode) if one.is_inline_data), b"")

    def _attributes(self, inode: ExtInode) -> Iterator[attributes.Attribute]:
        area = inode.raw[inode.attributes_start :]
        if area[:4] == attributes.MAGIC:
            yield from attributes.read_attributes(area, len(attributes.MAGIC), self._value)
        if inode.acl_block:
            block_bytes = self.superblock.block_bytes
            block = self._volume.read(inode.acl_block * block_bytes, block_bytes)
            if block[:4] != attributes.MAGIC:
                raise CannotLookInside("its block of extended attributes is damaged")
            yield from attributes.read_attributes(block, attributes.BLOCK_HEADER_BYTES, self._value)

    def _value(self, inode: int, size: int) -> bytes:
        return b"".join(self._content(self._require(inode, stat.S_IFREG, "value"), 0, size))


def _refuse_encrypted(inode: ExtInode) -> None:
    if inode.flags & FLAG_ENCRYPTED:
        raise NeedsKey("it is encrypted (fscrypt), and no key was given")
