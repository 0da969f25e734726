"""Tests of disks/headers/vmdk_sparse.py: the binary part alone, without any descriptor."""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.vmdk_sparse import SparseFields, VmdkLayout, read_grain_tables, read_sparse_fields
from imgkit.errors import DiskImageUnsafe, NotADiskImage
from imgkit.units import MiB

AT_END = 2**64 - 1
Open = Callable[[bytes], ImageBytes]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as files:

        def source(content: bytes) -> ImageBytes:
            path = tmp_path / "disk.vmdk"
            path.write_bytes(content)
            return ImageBytes(files.enter_context(path.open("rb")), path)

        yield source


def header(*, capacity: int = 64, grain: int = 8, entries: int = 512, directory: int = 1, flags: int = 3,
           ends: bytes = b"\n \r\n", version: int = 1, compression: int = 0) -> bytes:  # fmt: skip
    return struct.pack(
        "<4sIIQQQQIQQQB4sH", b"KDMV", version, flags, capacity, grain, 0, 0, entries, 0, directory, 0, 0, ends,
        compression,
    ).ljust(512, b"\0")  # fmt: skip


def body(directory: list[int], *tables: list[int], sectors: int = 40) -> bytes:
    """Sector 1 is the directory, tables follow from sector 2 on, and what is left are grains."""
    parts = [struct.pack(f"<{len(words)}I", *words).ljust(512, b"\0") for words in (directory, *tables)]
    return header() + b"".join(parts).ljust((sectors - 1) * 512, b"\0")


def grains(source: ImageBytes, **fields: Any) -> int | None:
    known = {
        "capacity": 64, "grain_sectors": 8, "descriptor_offset": 0, "descriptor_sectors": 0, "entries_per_table": 4,
        "directory_offset": 1, "is_compressed": False, "has_markers": True,
        "has_zeroed_grains": True, "unclean": False,
    } | fields  # fmt: skip
    return read_grain_tables(source, VmdkLayout(fields=SparseFields(**known)))


def test_a_header_is_read_as_it_stands(opened: Open):
    fields = read_sparse_fields(opened(header(flags=3 | 1 << 16, compression=1)))
    assert (fields.capacity, fields.grain_sectors, fields.entries_per_table) == (64, 8, 512)
    assert (fields.directory_offset, fields.is_compressed, fields.unclean) == (1, True, False)


def test_a_directory_at_the_end_is_the_footers(opened: Open):
    marker = struct.pack("<QII", 1, 0, 3).ljust(512, b"\0")
    content = header(directory=AT_END) + marker + header(directory=7) + bytes(512)
    assert read_sparse_fields(opened(content)).directory_offset == 7


@pytest.mark.parametrize("cut", [512, 1024, 1])
def test_a_stream_that_was_cut_short_has_no_footer(opened: Open, cut):
    marker = struct.pack("<QII", 1, 0, 3).ljust(512, b"\0")
    content = header(directory=AT_END) + marker + header(directory=7) + bytes(512)
    with pytest.raises(NotADiskImage, match="ends before its footer"):
        read_sparse_fields(opened(content[:-cut]))


@pytest.mark.parametrize("fields", [{"capacity": 128}, {"grain": 16}, {"directory": AT_END}])
def test_a_footer_that_contradicts_its_header_is_refused(opened: Open, fields):
    marker = struct.pack("<QII", 1, 0, 3).ljust(512, b"\0")
    footer = header(**({"directory": 7} | fields))
    with pytest.raises(NotADiskImage, match="does not fit its header"):
        read_sparse_fields(opened(header(directory=AT_END) + marker + footer + bytes(512)))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"version": 4}, "version 1 to 3"),
        ({"ends": b"\n \n\n"}, "text mode"),
        ({"grain": 9}, "grains of 9 sectors"),
        ({"grain": 0}, "grains of 0 sectors"),
        ({"entries": 0}, "tables of 0 entries"),
        ({"entries": 513}, "tables of 513 entries"),
        ({"compression": 2}, "compression 2"),
    ],
)
def test_a_header_that_does_not_hold_together_is_refused(opened: Open, fields, why):
    with pytest.raises(NotADiskImage, match=why):
        read_sparse_fields(opened(header(**fields)))


def test_a_size_that_only_other_files_know_is_unsafe(opened: Open):
    with pytest.raises(DiskImageUnsafe):
        read_sparse_fields(opened(header(capacity=0)))


def test_grains_that_are_there_count_and_zeroes_do_not(opened: Open):
    """A place of 0 is nothing, and 1 a grain of zeroes."""
    assert grains(opened(body([2, 3], [16, 0, 1, 24], [0, 0, 0, 32]))) == 3


def test_a_place_of_1_is_a_grain_of_zeroes_only_where_the_header_says_that_there_are_such(opened: Open):
    with pytest.raises(NotADiskImage, match="inside its header"):
        grains(opened(body([2], [16, 1])), has_zeroed_grains=False)


def test_a_table_that_is_named_again_and_again_is_looked_through_once(opened: Open):
    assert grains(opened(body([2] * 64, [16, 0, 1, 24])), capacity=64 * 32) == 2


def test_grains_too_large_to_be_inflated_whole_are_refused(opened: Open):
    with pytest.raises(DiskImageUnsafe, match="compressed grains"):
        grains(opened(body([0])), is_compressed=True, grain_sectors=0x200000)


def test_a_grain_beyond_the_end_of_the_file_is_a_file_cut_short(opened: Open):
    with pytest.raises(NotADiskImage, match="last grain should end"):
        grains(opened(body([2], [33], sectors=40)))
    assert grains(opened(body([2], [32], sectors=40))) == 1


def test_a_table_beyond_the_end_of_the_file_is_one_too(opened: Open):
    with pytest.raises(NotADiskImage, match="table of blocks should end"):
        grains(opened(body([40], sectors=40)))


def test_of_a_compressed_grain_its_own_length_must_be_there(opened: Open):
    content = bytearray(body([2], [16], sectors=40))
    struct.pack_into("<QI", content, 16 * 512, 0, 24 * 512 - 12)
    assert grains(opened(bytes(content)), is_compressed=True) == 1
    struct.pack_into("<QI", content, 16 * 512, 0, 24 * 512 - 11)
    with pytest.raises(NotADiskImage, match="last grain should end"):
        grains(opened(bytes(content)), is_compressed=True)


def test_an_absurd_number_of_tables_costs_no_time(opened: Open):
    with pytest.raises(DiskImageUnsafe, match="grain tables"):
        grains(opened(body([2])), capacity=2**60)


def test_of_too_many_tables_some_are_walked_and_nothing_is_said_of_the_rest(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgkit.disks.headers.vmdk_sparse._MAX_TABLES", 1)
    tables = ([8, 8, 8, 8], [16, 16, 16, 16])
    assert grains(opened(body([2, 3], *tables))) is None
    assert grains(opened(body([2, 0], *tables))) == 4


def test_tables_in_holes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of eight megabytes can name two million of them, for nothing."""
    path = tmp_path / "disk.vmdk"
    count = 4096
    with path.open("w+b") as file:
        file.write(struct.pack(f"<{count}I", *range(2048, 2048 + 4 * count, 4)))
        file.truncate(32 * MiB)
        os.fsync(file.fileno())
        source = ImageBytes(file, path)
        if not source.is_hole(MiB, MiB):
            pytest.skip("this file system has no holes")
        tables_read: list[int] = []
        monkeypatch.setattr(VmdkLayout, "page", lambda _self, _source, number: tables_read.append(number))
        assert grains(source, capacity=count * 512 * 8, entries_per_table=512, directory_offset=0) == 0
    assert tables_read == []
