"""Tests of disks/headers/qcow2_tables.py: the walk alone, on tables without any header."""

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.qcow2_tables import L1Table, TablesFound, walk_tables
from imgkit.errors import NotADiskImage

CLUSTER = 512
COMPRESSED = 1 << 62
COPIED = 1 << 63  # QEMU's mark that a cluster is nobody else's; no part of its place
Walk = Callable[..., TablesFound]


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """The L1 table lies at 512, L2 tables from 1024 on; the file ends after `size` bytes."""
    with ExitStack() as opened:

        def walked(
            l1: list[int], *l2: list[int], size: int = 4096, extended: bool = False, disk: int = 2**20
        ) -> TablesFound:
            content = bytearray(size)
            content[512 : 512 + 8 * len(l1)] = struct.pack(f">{len(l1)}Q", *l1)
            for number, table in enumerate(l2):
                struct.pack_into(f">{len(table)}Q", content, 1024 + number * CLUSTER, *table)
            path = tmp_path / "disk.qcow2"
            path.write_bytes(content)
            source = ImageBytes(opened.enter_context(path.open("rb")), path)
            shape = L1Table(offset=512, entries=len(l1), cluster_bits=9, is_extended=extended, virtual_size=disk)
            return walk_tables(source, shape)

        yield walked


def test_every_cluster_that_is_there_counts(walk: Walk):
    assert walk([COPIED | 1024, 0], [COPIED | 2048, 0, 2560]).allocated_bytes == 2 * CLUSTER


def test_tables_that_hold_nothing_need_no_room(walk: Walk):
    assert walk([0, 0]).allocated_bytes == 0


def test_a_cluster_beyond_the_end_of_the_file_is_a_file_cut_short(walk: Walk):
    with pytest.raises(NotADiskImage, match="last cluster should end"):
        walk([1024], [4096])


def test_a_table_beyond_the_end_of_the_file_is_one_too(walk: Walk):
    with pytest.raises(NotADiskImage, match="table of blocks should end"):
        walk([8192])


def test_no_table_is_used_twice(walk: Walk):
    with pytest.raises(NotADiskImage, match="twice or off a cluster's start"):
        walk([1024, 1024], [2048])


def test_marks_beside_a_place_are_no_part_of_it(walk: Walk):
    assert walk([1024 | 256], [2048 | 1]).allocated_bytes == CLUSTER


def test_of_the_disks_last_cluster_only_the_disks_part_must_be_there(walk: Walk):
    assert walk([1024], [3584], size=3584 + 100, disk=100).allocated_bytes == CLUSTER
    with pytest.raises(NotADiskImage):
        walk([1024], [3584], size=3584 + 99, disk=100)


def test_of_a_compressed_cluster_its_beginning_must_be_there(walk: Walk):
    assert walk([1024], [COMPRESSED | 3000], size=3001).allocated_bytes == CLUSTER
    with pytest.raises(NotADiskImage, match="last compressed cluster"):
        walk([1024], [COMPRESSED | 3001], size=3001)


def test_of_an_extended_cluster_its_last_subcluster_must_be_there(walk: Walk):
    """Two words an entry: the place, and the bitmap of its 32 subclusters of 16 bytes here."""
    assert walk([1024], [3584, 0b11], size=3584 + 32, extended=True).allocated_bytes == CLUSTER
    with pytest.raises(NotADiskImage):
        walk([1024], [3584, 0b11], size=3584 + 31, extended=True)
