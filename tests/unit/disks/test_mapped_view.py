"""Tests of disks/mapped_view.py: qcow2 images made by hand, read without any program."""

import os
import struct
import zlib
from pathlib import Path

import pytest
from tests.unit.disks.headers.test_qcow2 import CLUSTER, qcow2

from imgkit.disks.guard import read_header
from imgkit.disks.mapped_view import MappedView
from imgkit.errors import Differs
from imgkit.model.disk import Extent, ExtentKind
from imgkit.units import KiB, MiB

DATA, ZERO = ExtentKind.DATA, ExtentKind.ZERO
COMPRESSED = 1 << 62
FIRST = bytes([7]) * CLUSTER


def view_of(folder: Path, content: bytes) -> MappedView:
    path = folder / "disk.qcow2"
    path.write_bytes(content)
    return MappedView(read_header(path, stated=None))


def compressed(content: bytes) -> tuple[int, bytes]:
    """One compressed cluster at the file's end: its entry, and its bytes."""
    writer = zlib.compressobj(wbits=-12)
    packed = writer.compress(content) + writer.flush()
    sectors = (len(packed) - 1) // 512
    return COMPRESSED | sectors << 54 | 5 * CLUSTER, packed.ljust((sectors + 1) * 512, b"\xee")


def test_bytes_come_from_where_the_tables_say(tmp_path: Path) -> None:
    content = qcow2(l2=(0, 4 * CLUSTER, 5 * CLUSTER), tail=FIRST, poke={4 * CLUSTER: b"hello"})
    with view_of(tmp_path, content) as view:
        assert view.size == 64 * MiB
        assert view.read(CLUSTER - 2, 8) == b"\0\0hello\0"
        assert view.read(2 * CLUSTER - 1, 3) == b"\0\7\7"
        assert view.read(64 * MiB - 512, 512) == bytes(512)
        assert list(view.extents())[:2] == [Extent(0, CLUSTER, ZERO), Extent(CLUSTER, 2 * CLUSTER, DATA)]


def test_a_compressed_cluster_is_inflated_and_may_be_read_in_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 256
    entry, packed = compressed(content)
    with view_of(tmp_path, qcow2(l2=(entry, 4 * CLUSTER, entry), tail=packed)) as view:
        assert view.read(0, CLUSTER) == content
        assert view.read(CLUSTER - 3, 6) == content[-3:] + bytes(3)
        assert view.read(2 * CLUSTER + 5, 5) == content[5:10]
        assert next(view.extents()) == Extent(0, 3 * CLUSTER, DATA)


def test_two_neighbours_of_the_same_compressed_bytes_are_each_read_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 256
    entry, packed = compressed(content)
    with view_of(tmp_path, qcow2(l2=(entry, entry), tail=packed)) as view:
        assert view.read(0, 2 * CLUSTER) == content * 2


@pytest.mark.parametrize("packed", [b"\xff" * 512, b"\0" * 512])
def test_a_damaged_compressed_cluster_is_no_zeroes(tmp_path: Path, packed: bytes) -> None:
    with view_of(tmp_path, qcow2(l2=(COMPRESSED | 5 * CLUSTER,), tail=packed)) as view, pytest.raises(Differs):
        view.read(0, 512)


def test_a_compressed_cluster_that_holds_too_little_is_damaged(tmp_path: Path) -> None:
    entry, packed = compressed(bytes(100))
    with (
        view_of(tmp_path, qcow2(l2=(entry,), tail=packed)) as view,
        pytest.raises(Differs, match="holds 100 bytes"),
    ):
        view.read(0, 512)


def test_subclusters_are_there_or_not_each_by_itself(tmp_path: Path) -> None:
    size = 2 * KiB
    content = qcow2(
        incompatible=16, l2=(4 * CLUSTER, 0b101), poke={4 * CLUSTER: b"a" * size + b"b" * size + b"c" * size}
    )
    with view_of(tmp_path, content) as view:
        assert view.read(size - 1, 2) == b"a\0"
        assert view.read(2 * size - 1, 2) == b"\0c"
        assert [(each.start, each.length) for each in view.extents()][:3] == [(0, size), (size, size), (2 * size, size)]


def test_a_compressed_cluster_among_subclusters_is_one(tmp_path: Path) -> None:
    content = bytes(range(256)) * 256
    entry, packed = compressed(content)
    with view_of(tmp_path, qcow2(incompatible=16, l2=(entry, 0, 4 * CLUSTER, 1), tail=packed)) as view:
        assert view.read(0, CLUSTER) == content
        assert view.read(3 * 2 * KiB - 1, 2) == content[3 * 2 * KiB - 1 : 3 * 2 * KiB + 1]


def test_a_cluster_marked_as_zero_keeps_its_bytes_to_itself(tmp_path: Path) -> None:
    with view_of(tmp_path, qcow2(l2=(4 * CLUSTER | 1,), poke={4 * CLUSTER: b"deleted"})) as view:
        assert view.read(0, 7) == bytes(7)
        assert list(view.extents()) == [Extent(0, 64 * MiB, ZERO)]


def test_blocks_that_were_never_written_are_holes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    with path.open("wb") as out:
        out.write(qcow2(l2=(16 * CLUSTER, 17 * CLUSTER))[: 4 * CLUSTER])
        out.seek(17 * CLUSTER)
        out.write(FIRST)
    with MappedView(read_header(path, stated=None)) as view:
        assert list(view.extents())[:2] == [Extent(0, CLUSTER, ZERO), Extent(CLUSTER, CLUSTER, DATA)]


def test_reading_beyond_the_end_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with view_of(tmp_path, qcow2()) as view, pytest.raises(ValueError, match="outside"):
        view.read(64 * MiB - 1, 2)


def test_a_file_that_becomes_shorter_or_other_is_no_zeroes(tmp_path: Path) -> None:
    with view_of(tmp_path, qcow2()) as view:
        os.truncate(tmp_path / "disk.qcow2", 4 * CLUSTER + 100)
        with pytest.raises(Differs, match="was longer"):
            view.read(0, CLUSTER)
    with view_of(tmp_path, qcow2()) as view:
        with (tmp_path / "disk.qcow2").open("r+b") as file:
            file.seek(CLUSTER)
            file.write(struct.pack(">Q", 2**40))
        with pytest.raises(Differs, match="table of blocks"):
            view.read(0, 512)
