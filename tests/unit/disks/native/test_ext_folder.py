"""The entries of ext folders."""

import struct

import pytest
from tests.unit.disks.native.ext_image import entries

from imgkit.disks.native.ext_folder import gather, inline_names, names_in_block
from imgkit.disks.native.reader import MOST_NAMES, Name
from imgkit.errors import CannotLookInside


def test_names_of_any_bytes_are_kept_and_deleted_ones_left_out() -> None:
    block = entries({b".": 2, b"..": 2, b"\xff\xfe": 12, b"gone": 0, b"new\nline": 13})
    assert list(names_in_block(block)) == [Name(b"\xff\xfe", 12), Name(b"new\nline", 13)]


def test_a_name_that_would_be_a_path_stays_one_name() -> None:
    assert list(names_in_block(entries({b"../x": 12}))) == [Name(rb"..\x2fx", 12)]


@pytest.mark.parametrize("length", [0, 4, 10, 4096])
def test_an_entry_that_does_not_fit_is_said(length: int) -> None:
    with pytest.raises(CannotLookInside, match="damaged"):
        list(names_in_block(struct.pack("<IHBB", 12, length, 1, 0).ljust(1024, b"x")))


def test_a_block_of_64_kib_may_be_one_entry() -> None:
    block = struct.pack("<IHBB", 12, 0, 1, 0) + b"a".ljust(65528, b"\0")
    assert list(names_in_block(block)) == [Name(b"a", 12)]


def test_ciphertext_is_written_in_letters() -> None:
    (found,) = names_in_block(entries({b"\0/\xff" * 5: 12}), encrypted=True)
    assert found.name == b"AC__AC__AC__AC__AC__"


def test_a_folder_inside_its_inode_goes_on_in_an_attribute() -> None:
    content = struct.pack("<I", 2) + entries({b"a": 12}, size=56)
    assert list(inline_names(content, entries({b"b": 13}, size=24), encrypted=False)) == [
        Name(b"a", 12),
        Name(b"b", 13),
    ]


def test_a_folder_without_end_is_not_listed() -> None:
    with pytest.raises(CannotLookInside, match="more than"):
        gather(Name(b"x", number) for number in range(MOST_NAMES + 1))
