"""Tests of disks/headers/block_map.py: places, and how neighbours are joined."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.disks.headers.block_map import ZERO, BlockMap, Run, descriptor_of, pack, walk_pages
from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.errors import NotADiskImage

BLOCK = 16
EACH = 4


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Pages of four blocks of 16 bytes."""

    places: list[int]
    block_bytes: int = BLOCK
    packed_bytes: int = BLOCK
    blocks_each_page: int = EACH

    def page(self, source: ImageBytes, number: int) -> "array[int] | None":
        found = self.places[number * EACH : (number + 1) * EACH]
        return None if all(place == ZERO for place in found) else array("q", found)

    def unpack(self, source: ImageBytes, place: int) -> bytes:
        return bytes(BLOCK)


@pytest.fixture
def source(tmp_path: Path) -> ImageBytes:
    path = tmp_path / "disk"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        return ImageBytes(file, path)


def runs(source: ImageBytes, places: list[int], start: int, end: int) -> list[Run]:
    return list(BlockMap(source, Layout(places=places)).runs(start, end))


def test_neighbours_are_joined_over_the_ends_of_pages(source: ImageBytes) -> None:
    places = [100, 116, 132, 148, 164, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO]
    assert runs(source, places, 0, 192) == [Run(0, 80, 100), Run(80, 112, ZERO)]


def test_a_run_begins_and_ends_inside_its_blocks(source: ImageBytes) -> None:
    assert runs(source, [100, 116, 900, ZERO], 5, 40) == [Run(5, 27, 105), Run(32, 8, 900)]
    assert runs(source, [100, 116, 900, ZERO], 17, 18) == [Run(17, 1, 117)]
    assert runs(source, [100], 0, 0) == []


def test_packed_blocks_are_joined_only_with_their_own_parts(source: ImageBytes) -> None:
    assert runs(source, [pack(7), pack(7), pack(8), pack(0)], 3, 64) == [
        Run(3, 29, pack(7)),
        Run(32, 16, pack(8)),
        Run(48, 16, pack(0)),
    ]


@given(st.integers(0, 2**62 - 1))
def test_a_packed_place_gives_its_descriptor_back_and_fits(descriptor: int) -> None:
    place = pack(descriptor)
    assert descriptor_of(array("q", [place])[0]) == descriptor
    assert place < ZERO


@given(
    places=st.lists(st.sampled_from([ZERO, 0, 16, 32, 48, 64, pack(1), pack(2)]), min_size=1, max_size=20),
    cut=st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_runs_say_the_same_of_every_byte_as_the_places(places: list[int], cut: tuple[int, int]) -> None:
    size = len(places) * BLOCK
    start, end = sorted(min(each, size) for each in cut)
    layout = Layout(places=places + [ZERO] * (-len(places) % EACH))
    told: list[int] = []
    with Path("/dev/null").open("rb") as file:
        for run in BlockMap(ImageBytes(file, Path("disk")), layout).runs(start, end):
            assert run.start == start + len(told)
            assert run.length > 0
            told += [run.place + n if run.place >= 0 else run.place for n in range(run.length)]
    blocks = [(places[at // BLOCK], at % BLOCK) for at in range(start, end)]
    assert told == [place + inside if place >= 0 else place for place, inside in blocks]


def test_the_walk_finds_what_lies_last_in_the_file(source: ImageBytes) -> None:
    layout = Layout(places=[ZERO] * 4 + [48, pack(0b1100), 160, ZERO] + [pack(0b0111), 16, ZERO, ZERO])
    found = walk_pages(source, layout, range(3), packed_mask=0b0111)
    assert (found.used, found.highest_place, found.highest_block) == (5, 160, 6)
    assert found.highest_packed == pack(0b0111)
    assert walk_pages(source, layout, [0]).highest_place == ZERO


def test_more_blocks_than_the_file_has_room_for_are_damage(source: ImageBytes) -> None:
    layout = Layout(places=[0, 0, ZERO, 0])
    assert walk_pages(source, layout, range(1), most=3).used == 3
    with pytest.raises(NotADiskImage, match="more than the 2 blocks"):
        walk_pages(source, layout, range(1), most=2)
