"""FAT through the Sleuth Kit."""

from datetime import UTC, datetime

import pytest
from tests.unit.disks.native.fat_image import FatImage
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.tsk_reader import TskReader
from imgkit.errors import CannotLookInside


def made() -> TskReader:
    image = FatImage()
    image.file(b"THE LABEL  ", b"", attributes=0x08)
    image.file(b"README  TXT", b"hello")
    image.file(b"LOCKED  TXT", b"x", attributes=0x21)
    return TskReader("vfat", image.memory)


def test_files_are_read_and_what_the_library_makes_up_is_left_out() -> None:
    reader = made()
    found = {one.name: one.inode for one in reader.names(reader.root)}
    assert set(found) == {b"README.TXT", b"LOCKED.TXT"}
    assert b"".join(reader.parts(found[b"README.TXT"], 1, 99)) == b"ello"
    assert reader.label == "THE LABEL"
    assert reader.xattrs(found[b"README.TXT"]) == {}


def test_rights_are_those_that_linux_gives() -> None:
    reader = made()
    rows = {one.name: reader.row(one.inode) for one in reader.names(reader.root)}
    assert oct(rows[b"README.TXT"].mode) == "0o100755"
    assert oct(rows[b"LOCKED.TXT"].mode) == "0o100555"
    moment = datetime.fromtimestamp(rows[b"README.TXT"].modified_ns / 1e9, UTC)
    assert (moment.year, moment.month, moment.day) == (2024, 1, 1)


def test_a_file_that_is_called_like_a_label_is_not_hidden() -> None:
    image = FatImage()
    image.file(b"$ALLOC_BIT ", b"evil")
    reader = TskReader("vfat", image.memory)
    assert len(reader.names(reader.root)) == 1


def test_what_is_no_file_system_is_refused_in_one_sentence() -> None:
    with pytest.raises(CannotLookInside, match="Sleuth Kit cannot read it"):
        TskReader("vfat", Memory(bytes(100_000)))
    reader = made()
    for ask in (
        lambda: list(reader.parts(reader.root, 0, 1)),
        lambda: reader.row(1 << 40),
        lambda: reader.link_target(5),
    ):
        with pytest.raises(CannotLookInside):
            ask()
