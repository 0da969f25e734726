"""Tests of disks/headers/qcow2_tables.py: the walk alone, on tables without any header."""

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from imgkit.disks.headers.block_map import BlockMap, Run
from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.packing import Packing
from imgkit.disks.headers.qcow2_tables import Qcow2Layout, walk_tables
from imgkit.errors import NotADiskImage

CLUSTER = 512
COMPRESSED = 1 << 62
COPIED = 1 << 63  # QEMU's mark that a cluster is nobody else's; no part of its place
Walk = Callable[..., int | None]


def layout(entries: int, *, extended: bool = False, disk: int = 2**20, version: int = 3) -> Qcow2Layout:
    return Qcow2Layout(
        l1_offset=512,
        l1_entries=entries,
        cluster_bits=9,
        is_extended=extended,
        virtual_size=disk,
        packing=Packing.RAW_DEFLATE,
        has_zero_flag=version >= 3,
    )


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """The L1 table lies at 512, L2 tables from 1024 on; the file ends after `size` bytes."""
    with ExitStack() as opened:

        def walked(
            l1: list[int], *l2: list[int], size: int = 4096, extended: bool = False, disk: int = 2**20, version: int = 3
        ) -> int | None:
            content = bytearray(size)
            content[512 : 512 + 8 * len(l1)] = struct.pack(f">{len(l1)}Q", *l1)
            for number, table in enumerate(l2):
                struct.pack_into(f">{len(table)}Q", content, 1024 + number * CLUSTER, *table)
            path = tmp_path / "disk.qcow2"
            path.write_bytes(content)
            source = ImageBytes(opened.enter_context(path.open("rb")), path)
            return walk_tables(source, layout(len(l1), extended=extended, disk=disk, version=version))

        yield walked


def test_every_cluster_that_is_there_counts(walk: Walk):
    assert walk([COPIED | 1024, 0], [COPIED | 2048, 0, 2560]) == 2 * CLUSTER


def test_tables_that_hold_nothing_need_no_room(walk: Walk):
    assert walk([0, 0]) == 0


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
    assert walk([1024 | 256], [COPIED | 2048]) == CLUSTER


def test_a_cluster_that_reads_as_zeroes_needs_no_bytes(walk: Walk):
    """QEMU may keep its place, and the file may end before it."""
    assert walk([1024], [4096 | 1]) == 0


def test_version_2_knows_no_mark_for_zeroes(walk: Walk):
    with pytest.raises(NotADiskImage, match="does not know"):
        walk([1024], [2048 | 1], version=2)


def test_a_cluster_off_a_clusters_start_is_refused(walk: Walk):
    """Places are told in steps of 512 bytes; clusters here have as many, so only an extended one can be off."""
    with pytest.raises(NotADiskImage, match="there and not there"):
        walk([1024], [0, 0b1], extended=True)
    with pytest.raises(NotADiskImage, match="there and not there"):
        walk([1024], [3584, 1 << 32 | 1], extended=True)


def test_of_the_disks_last_cluster_only_the_disks_part_must_be_there(walk: Walk):
    assert walk([1024], [3584], size=3584 + 100, disk=100) == CLUSTER
    with pytest.raises(NotADiskImage):
        walk([1024], [3584], size=3584 + 99, disk=100)


def test_of_a_compressed_cluster_its_beginning_must_be_there(walk: Walk):
    assert walk([1024], [COMPRESSED | 3000], size=3001) == CLUSTER
    with pytest.raises(NotADiskImage, match="last compressed cluster"):
        walk([1024], [COMPRESSED | 3001], size=3001)


def test_of_an_extended_cluster_its_last_subcluster_must_be_there(walk: Walk):
    """Two words an entry: the place, and the bitmap of its 32 subclusters of 16 bytes here."""
    assert walk([1024], [3584, 0b11], size=3584 + 32, extended=True) == 32
    with pytest.raises(NotADiskImage):
        walk([1024], [3584, 0b11], size=3584 + 31, extended=True)


def test_runs_join_neighbours_and_know_packed_and_empty_clusters(tmp_path: Path):
    content = bytearray(8192)
    struct.pack_into(">2Q", content, 512, 1024, 0)
    struct.pack_into(">6Q", content, 1024, 4096, 4608, 0, COMPRESSED | 6000, 5120, 7680 | 1)
    path = tmp_path / "disk.qcow2"
    path.write_bytes(content)
    with path.open("rb") as file:
        places = BlockMap(ImageBytes(file, path), layout(2))
        found = list(places.runs(100, 64 * 512 + 512))
    assert found == [
        Run(100, 924, 4196),
        Run(1024, 512, -1),
        Run(1536, 512, -2 - 6000),
        Run(2048, 512, 5120),
        Run(2560, 64 * 512 + 512 - 2560, -1),
    ]
