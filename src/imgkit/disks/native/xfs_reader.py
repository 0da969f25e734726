"""Reading XFS by inodes.

libfsxfs was measured first: it refuses a folder's entry whose name is no UTF-8, and the Sleuth Kit has dropped XFS.
"""

import stat
from collections.abc import Iterator, Mapping, Sequence

from imgkit.disks.native import xfs_attributes as attributes
from imgkit.disks.native.ext_folder import gather
from imgkit.disks.native.reader import PART_BYTES, Name, Row, Stretch, row_of, zeroes
from imgkit.disks.native.volume import Bytes, Cached
from imgkit.disks.native.xfs_blocks import Extent, Fork, fork_extents
from imgkit.disks.native.xfs_folder import INDEX_START, names_in_block, short_names
from imgkit.disks.native.xfs_layout import (
    FLAG_REALTIME,
    LOCAL,
    SUPERBLOCK_BYTES,
    XfsInode,
    XfsSuperblock,
    parse_xfs_inode,
    read_xfs_superblock,
)
from imgkit.errors import CannotLookInside
from imgkit.units import MiB

_LARGEST_FOLDER = 256 * MiB
_LONGEST_LINK = 1024
_LINK_HEADER_BYTES = 56


class XfsReader:
    """One XFS."""

    def __init__(self, volume: Bytes) -> None:
        self._volume = Cached(volume)
        self.superblock: XfsSuperblock = read_xfs_superblock(self._volume.read(0, SUPERBLOCK_BYTES))

    @property
    def root(self) -> int:
        return self.superblock.root

    def row(self, inode: int) -> Row:
        return row_of(self.inode(inode))

    def names(self, inode: int) -> Sequence[Name]:
        return gather(self._names(self._require(inode, stat.S_IFDIR, "folder")))

    def parts(self, inode: int, offset: int, length: int) -> Iterator[bytes]:
        found = self._regular(inode)
        yield from self._content(_data(found), offset, min(length, found.size - offset))

    def stored(self, inode: int) -> Iterator[Stretch]:
        found, shift = self._regular(inode), self.superblock.block_shift
        for extent in fork_extents(self._volume, self.superblock, _data(found), 0, -(-found.size >> shift)):
            if extent.block is not None:
                yield Stretch(extent.start << shift, extent.length << shift)

    def link_target(self, inode: int) -> bytes:
        found = self._require(inode, stat.S_IFLNK, "link")
        if not 0 < found.size <= _LONGEST_LINK:
            raise CannotLookInside(f"it is a link of {found.size} bytes")
        if found.data_format == LOCAL:
            return found.data[: found.size]
        return self._long_link(_data(found), found.size)

    def xattrs(self, inode: int) -> Mapping[bytes, bytes]:
        return dict(pair for one in self._attributes(self.inode(inode)) for pair in attributes.shown(one))

    def inode(self, number: int) -> XfsInode:
        """Read an inode. Raises CannotLookInside where there is none."""
        raw = self._volume.read(self.superblock.inode_offset(number), self.superblock.inode_bytes)
        return parse_xfs_inode(number, raw)

    def _regular(self, inode: int) -> XfsInode:
        found = self._require(inode, stat.S_IFREG, "regular file")
        if found.flags & FLAG_REALTIME:
            raise CannotLookInside("it lies on the file system's real-time device, which is not read")
        return found

    def _require(self, inode: int, kind: int, word: str) -> XfsInode:
        found = self.inode(inode)
        if stat.S_IFMT(found.mode) != kind:
            raise CannotLookInside(f"it is no {word}")
        return found

    def _names(self, folder: XfsInode) -> Iterator[Name]:
        if folder.data_format == LOCAL:
            yield from short_names(folder.data, has_types=self.superblock.has_types)
            return
        fork, each = _data(folder), self.superblock.folder_bytes
        for number in self._folder_blocks(fork, each):
            block = b"".join(self._content(fork, number * each, each))
            yield from names_in_block(block, has_types=self.superblock.has_types)

    def _folder_blocks(self, fork: Fork, each: int) -> Iterator[int]:
        """Yield the numbers of the folder's blocks that are there; what was freed is a hole."""
        shift = self.superblock.block_shift
        following = seen = 0
        for extent in fork_extents(self._volume, self.superblock, fork, 0, INDEX_START >> shift):
            seen += extent.length << shift
            if seen > _LARGEST_FOLDER:
                raise CannotLookInside(f"the folder takes more than {_LARGEST_FOLDER} bytes, and is not listed")
            first = max(following, (extent.start << shift) // each)
            following = -(-((extent.start + extent.length) << shift) // each)
            yield from range(first, following)

    def _content(self, fork: Fork, offset: int, length: int) -> Iterator[bytes]:
        if length <= 0:
            return
        shift, end, at = self.superblock.block_shift, offset + length, offset
        first, last = offset >> shift, -(-end >> shift)
        for extent in fork_extents(self._volume, self.superblock, fork, first, last):
            start = max(extent.start << shift, at)
            stop = min((extent.start + extent.length) << shift, end)
            yield from zeroes(start - at)
            yield from self._pieces(extent, start, stop)
            at = stop
        yield from zeroes(end - at)

    def _pieces(self, extent: Extent, start: int, stop: int) -> Iterator[bytes]:
        if extent.block is None:
            yield from zeroes(stop - start)
            return
        shift = self.superblock.block_shift
        place = self.superblock.block_offset(extent.block) - (extent.start << shift)
        for at in range(start, stop, PART_BYTES):
            yield self._volume.read_through(place + at, min(PART_BYTES, stop - at))

    def _long_link(self, fork: Fork, size: int) -> bytes:
        """Read a link's target; in version 5 each extent of it begins with a header."""
        shift, made = self.superblock.block_shift, b""
        header = _LINK_HEADER_BYTES if self.superblock.version == 5 else 0
        for extent in fork_extents(self._volume, self.superblock, fork, 0, -(-_LONGEST_LINK * 2 >> shift)):
            start = extent.start << shift
            stop = min((extent.start + extent.length) << shift, start + header + size - len(made))
            raw = b"".join(self._pieces(extent, start, stop))
            if header and raw[:4] != b"XSLM":
                break
            made += raw[header:]
        if len(made) != size:
            raise CannotLookInside("a link is damaged")
        return made

    def _value(self, fork: Fork, block: int, size: int) -> bytes:
        """Read an attribute's value; in version 5 each block of it has a header."""
        each = self.superblock.block_bytes
        if self.superblock.version == 4:
            return b"".join(self._content(fork, block * each, size))
        made = b""
        while len(made) < size:
            raw = b"".join(self._content(fork, block * each, each))
            if raw[:4] != b"XARM":
                raise CannotLookInside("the value of an extended attribute is damaged")
            header = attributes.REMOTE_HEADER_BYTES
            made += raw[header : header + size - len(made)]
            block += 1
        return made

    def _attributes(self, inode: XfsInode) -> Iterator[attributes.Attribute]:
        if not inode.attributes:
            return
        if inode.attribute_format == LOCAL:
            yield from attributes.short_attributes(inode.attributes)
            return
        fork = Fork(inode.attribute_format, inode.attribute_extents, inode.attributes)
        if not inode.attribute_extents:
            return
        each = self.superblock.block_bytes
        yield from attributes.attributes_in_blocks(
            lambda number: b"".join(self._content(fork, number * each, each)),
            lambda block, size: self._value(fork, block, size),
        )


def _data(inode: XfsInode) -> Fork:
    return Fork(inode.data_format, inode.data_extents, inode.data)
