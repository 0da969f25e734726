"""Extents and lists of blocks, also such as lead nowhere."""

import struct

import pytest
from tests.unit.disks.native.ext_image import BLOCK, extents
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.ext_blocks import Run, extent_runs, listed_runs
from imgkit.disks.native.volume import Cached
from imgkit.errors import CannotLookInside


def runs(root: bytes, blocks: dict[int, bytes] | None = None, first: int = 0, end: int = 1000) -> list[Run]:
    content = bytearray(64 * BLOCK)
    for number, data in (blocks or {}).items():
        content[number * BLOCK : number * BLOCK + len(data)] = data
    return list(extent_runs(Cached(Memory(content)), BLOCK, root, first, end))


def test_extents_in_the_inode_are_cut_to_what_is_wanted() -> None:
    root = extents((0, 4, 100), (10, 5, 200))
    assert runs(root) == [Run(0, 4, 100), Run(10, 5, 200)]
    assert runs(root, first=2, end=12) == [Run(2, 2, 102), Run(10, 2, 200)]


def test_what_was_set_aside_and_never_written_is_a_hole() -> None:
    assert runs(extents((0, 32768 + 3, 100), (3, 1, 7))) == [Run(3, 1, 7)]


def index(*children: tuple[int, int], depth: int = 1) -> bytes:
    head = struct.pack("<HHHHI", 0xF30A, len(children), 4, depth, 0)
    return head + b"".join(struct.pack("<IIHH", block, place, 0, 0) for block, place in children)


def test_only_the_branches_that_are_wanted_are_read() -> None:
    blocks = {5: extents((0, 2, 50)), 6: extents((8, 2, 60))}
    assert runs(index((0, 5), (8, 6)), blocks) == [Run(0, 2, 50), Run(8, 2, 60)]
    assert runs(index((0, 5), (8, 9)), blocks, end=8) == [Run(0, 2, 50)]


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (bytes(60), "damaged"),
        (struct.pack("<HHHHI", 0xF30A, 40, 4, 0, 0).ljust(60, b"\0"), "damaged"),
        (extents((0, 9, 1), (5, 2, 1)), "overlap"),
        (index((0, 5)), "back into itself"),
        (index((0, 2**31)), "outside"),
    ],
)
def test_a_tree_that_makes_no_sense_is_refused(root: bytes, words: str) -> None:
    with pytest.raises(CannotLookInside, match=words):
        runs(root, {5: index((0, 5))})


def test_lists_of_blocks_go_three_levels_deep_and_neighbours_are_joined() -> None:
    content = bytearray(64 * BLOCK)
    struct.pack_into("<3I", content, 20 * BLOCK, 40, 41, 0)  # blocks 12 and 13
    struct.pack_into("<I", content, 21 * BLOCK + 4, 22)  # the second table of the second level
    struct.pack_into("<I", content, 22 * BLOCK, 50)
    root = struct.pack("<15I", 30, 31, *(0,) * 10, 20, 21, 0)
    found = list(listed_runs(Cached(Memory(content)), BLOCK, root, 0, 10_000))
    assert found == [Run(0, 2, 30), Run(12, 2, 40), Run(12 + 256 + 256, 1, 50)]
    assert list(listed_runs(Cached(Memory(content)), BLOCK, root, 13, 14)) == [Run(13, 1, 41)]
