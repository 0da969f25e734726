"""A whole ext file system, built byte by byte."""

import struct

import pytest
from tests.unit.disks.native.ext_image import BLOCK, ENCRYPTED, EXTENTS, INLINE, ExtImage, entries, extents

from imgkit.disks.native.ext_reader import ExtReader
from imgkit.errors import CannotLookInside, NeedsKey


def content(reader: ExtReader, inode: int, offset: int = 0, length: int = 1 << 40) -> bytes:
    return b"".join(reader.parts(inode, offset, length))


def test_files_folders_and_links_are_read() -> None:
    image = ExtImage()
    image.file(12, b"x" * 1500)
    image.inode(13, 0o120777, size=5, block=b"there")
    image.folder(2, {b"file": 12, b"link": 13})
    reader = ExtReader(image.memory)
    assert [(one.name, one.inode) for one in reader.names(reader.root)] == [(b"file", 12), (b"link", 13)]
    assert (content(reader, 12), content(reader, 12, 1400, 50)) == (b"x" * 1500, b"x" * 50)
    assert reader.link_target(13) == b"there"
    assert (reader.row(12).mode, reader.row(12).size) == (0o100644, 1500)


def test_holes_read_as_zeroes_up_to_the_size() -> None:
    image = ExtImage()
    block = image.block(b"data")
    image.inode(12, 0o100600, size=4 * BLOCK, block=extents((2, 1, block)), flags=EXTENTS)
    assert content(ExtReader(image.memory), 12) == bytes(2 * BLOCK) + b"data".ljust(2 * BLOCK, b"\0")


def test_what_is_stored_is_told_from_holes_and_from_what_was_never_written() -> None:
    image = ExtImage()
    one, two = image.block(b"1"), image.block(b"2")
    raw = extents((1, 1, one), (3, 32768 + 2, two), (1 << 30, 1, two))
    image.inode(12, 0o100600, size=1 << 41, block=raw, flags=EXTENTS)
    image.inode(13, 0o100600, size=5 * BLOCK, block=struct.pack("<12I", one, 0, two, *[0] * 9))
    image.inode(14, 0o100600, size=7, block=b"content", flags=INLINE)
    reader = ExtReader(image.memory)
    assert list(reader.stored(12)) == [(BLOCK, BLOCK), (BLOCK << 30, BLOCK)]
    assert list(reader.stored(13)) == [(0, BLOCK), (2 * BLOCK, BLOCK)]
    assert list(reader.stored(14)) == [(0, 7)]
    with pytest.raises(CannotLookInside):
        list(reader.stored(2))


def test_a_file_inside_its_inode_goes_on_in_an_attribute() -> None:
    image = ExtImage()
    value = struct.pack("<BBHIII", 4, 7, 60, 0, 6, 0) + b"data"
    attributes = (b"\x00\x00\x02\xea" + value).ljust(64, b"\0") + b"behind"
    image.inode(12, 0o100600, size=70, block=b"a" * 60, flags=INLINE, attributes=attributes)
    reader = ExtReader(image.memory)
    assert content(reader, 12) == b"a" * 60 + b"behind" + bytes(4)
    assert reader.xattrs(12) == {}


def test_attributes_of_the_inode_and_of_its_block_are_put_together() -> None:
    image = ExtImage()
    own = (b"\x00\x00\x02\xea" + struct.pack("<BBHIII", 1, 1, 40, 0, 2, 0) + b"a").ljust(44, b"\0") + b"in"
    block = (b"\x00\x00\x02\xea" + bytes(28) + struct.pack("<BBHIII", 1, 6, 512, 0, 3, 0) + b"b").ljust(
        512, b"\0"
    ) + b"out"
    image.inode(12, 0o100600, attributes=own, acl=image.block(block))
    assert ExtReader(image.memory).xattrs(12) == {b"user.a": b"in", b"security.b": b"out"}


def test_what_is_encrypted_needs_a_key_and_its_names_are_ciphertext() -> None:
    image = ExtImage()
    image.inode(12, 0o100600, size=5, flags=EXTENTS | ENCRYPTED)
    block = image.block(entries({b"\xff\xff\xff": 12}))
    image.inode(13, 0o40700, size=BLOCK, block=extents((0, 1, block)), flags=EXTENTS | ENCRYPTED)
    reader = ExtReader(image.memory)
    assert reader.names(13)[0].name == b"____"
    with pytest.raises(NeedsKey):
        content(reader, 12)


def test_no_inode_is_taken_for_what_it_is_not() -> None:
    image = ExtImage()
    image.inode(12, 0o10600)
    reader = ExtReader(image.memory)
    for ask in (
        lambda: content(reader, 2),
        lambda: content(reader, 12),
        lambda: reader.names(12),
        lambda: reader.link_target(2),
        lambda: reader.row(15),
        lambda: reader.row(0),
        lambda: reader.row(33),
    ):
        with pytest.raises(CannotLookInside):
            ask()


def test_a_folder_or_link_of_absurd_size_is_refused() -> None:
    image = ExtImage()
    image.inode(12, 0o40755, size=1 << 30, flags=EXTENTS, block=extents())
    image.inode(13, 0o120777, size=1 << 20, flags=EXTENTS, block=extents())
    reader = ExtReader(image.memory)
    with pytest.raises(CannotLookInside, match="not listed"):
        reader.names(12)
    with pytest.raises(CannotLookInside, match="1048576 bytes"):
        reader.link_target(13)
