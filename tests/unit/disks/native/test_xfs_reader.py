"""A whole XFS, built byte by byte."""

import struct

import pytest
from tests.unit.disks.native.xfs_image import BLOCK, ROOT, XfsImage, extent

from imgkit.disks.native.xfs_reader import XfsReader
from imgkit.errors import CannotLookInside


def content(reader: XfsReader, inode: int, offset: int = 0, length: int = 1 << 40) -> bytes:
    return b"".join(reader.parts(inode, offset, length))


def test_files_folders_and_links_are_read() -> None:
    image = XfsImage()
    image.file(65, b"y" * 5000)
    image.inode(66, 0o120777, data=b"target", form=1, size=6)
    image.folder(ROOT, {b"\xff": 65, b"link": 66})
    reader = XfsReader(image.memory)
    assert [(one.name, one.inode) for one in reader.names(reader.root)] == [(b"\xff", 65), (b"link", 66)]
    assert (content(reader, 65), content(reader, 65, 4990, 99)) == (b"y" * 5000, b"y" * 10)
    assert (reader.link_target(66), reader.row(65).size) == (b"target", 5000)


def test_holes_and_what_was_never_written_read_as_zeroes() -> None:
    image = XfsImage()
    block = image.block(b"data")
    raw = extent(1, 1, block) + extent(2, 1, block, unwritten=True)
    image.inode(65, 0o100600, data=raw, extents=2, size=4 * BLOCK)
    reader = XfsReader(image.memory)
    assert content(reader, 65) == bytes(BLOCK) + b"data".ljust(3 * BLOCK, b"\0")
    assert list(reader.stored(65)) == [(BLOCK, BLOCK)]
    with pytest.raises(CannotLookInside):
        list(reader.stored(ROOT))


def test_a_long_link_has_a_header_before_each_extent() -> None:
    image = XfsImage()
    block = image.block(b"XSLM".ljust(56, b"\0") + b"t" * 900)
    image.inode(65, 0o120777, data=extent(0, 1, block), extents=1, size=900)
    assert XfsReader(image.memory).link_target(65) == b"t" * 900
    image.content[block * BLOCK] = 0
    with pytest.raises(CannotLookInside, match="damaged"):
        XfsReader(image.memory).link_target(65)


def test_a_folder_of_blocks_is_read_without_its_index() -> None:
    image = XfsImage()
    raw = struct.pack(">QB", 70, 1) + b"a\1"
    block = b"XDD3".ljust(64, b"\0") + raw.ljust(16, b"\0")
    block += struct.pack(">HH", 0xFFFF, BLOCK - len(block)).ljust(BLOCK - len(block), b"\0")
    extents = extent(0, 1, image.block(block)) + extent((32 << 30) // BLOCK, 1, 3)
    image.inode(ROOT, 0o40755, data=extents, extents=2, size=BLOCK)
    assert [one.inode for one in XfsReader(image.memory).names(ROOT)] == [70]


def test_attributes_lie_in_the_inode_or_in_blocks() -> None:
    image = XfsImage()
    short = struct.pack(">HBx", 4 + 3 + 2, 1) + bytes((1, 1, 0)) + b"a1"
    image.inode(65, 0o100600, attributes=short)
    leaf = bytearray(BLOCK)
    struct.pack_into(">IIH", leaf, 0, 0, 0, 0x3BEE)
    struct.pack_into(">H", leaf, 56, 1)
    struct.pack_into(">IHB", leaf, 80, 0, 4000, 0)
    struct.pack_into(">IIB", leaf, 4000, 1, 5000, 1)
    leaf[4009:4010] = b"b"
    value = (b"XARM".ljust(56, b"\0") + b"v" * 4040 + b"XARM".ljust(56, b"\0")).ljust(2 * BLOCK, b"v")
    fork = extent(0, 1, image.block(bytes(leaf))) + extent(1, 2, image.block(value))
    image.inode(66, 0o100600, attributes=fork, attribute_form=2, attribute_extents=2)
    image.inode(67, 0o100600)
    reader = XfsReader(image.memory)
    assert reader.xattrs(65) == {b"user.a": b"1"}
    assert reader.xattrs(66) == {b"user.b": b"v" * 5000}
    assert reader.xattrs(67) == {}


def test_no_inode_is_taken_for_what_it_is_not() -> None:
    image = XfsImage()
    image.folder(ROOT, {})
    image.inode(65, 0o120777, form=1, size=99_999)
    image.inode(66, 0o100600, size=10)
    image.poke(8 * BLOCK + 2 * 512 + 90, ">H", 1)
    reader = XfsReader(image.memory)
    for ask in (
        lambda: content(reader, ROOT),
        lambda: content(reader, 66),
        lambda: reader.names(65),
        lambda: reader.link_target(65),
        lambda: reader.row(1 << 50),
        lambda: reader.row(70),
    ):
        with pytest.raises(CannotLookInside):
            ask()
