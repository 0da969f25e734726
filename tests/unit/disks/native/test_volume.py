"""Stretches, joined and striped volumes, and what is kept of them."""

import pytest
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.volume import Cached, Joined, Piece, Striped, Window
from imgkit.errors import CannotLookInside


def test_a_window_ends_with_the_disk_however_much_it_claims() -> None:
    window = Window(Memory(b"0123456789"), 4, 100)
    assert (window.size, window.read(0, 6)) == (6, b"456789")
    with pytest.raises(CannotLookInside):
        window.read(3, 4)
    assert Window(Memory(b"0123"), 9, 5).size == 0


def test_joined_pieces_are_read_across_their_borders() -> None:
    joined = Joined([Piece(0, 3, Memory(b"xabc"), 1), Piece(3, 2, Memory(b"de"), 0), Piece(5, 1, Memory(b"f"), 0)])
    assert (joined.size, joined.read(1, 4), joined.read(5, 1)) == (6, b"bcde", b"f")
    with pytest.raises(CannotLookInside):
        joined.read(5, 2)


def test_stripes_lie_on_their_disks_in_turns() -> None:
    striped = Striped([Memory(b"aabbcc"), Memory(b"AABBCC")], 2, 12)
    assert striped.read(0, 12) == b"aaAAbbBBccCC"
    assert striped.read(3, 4) == b"AbbB"


def test_what_was_read_is_kept_and_what_lies_beyond_is_refused() -> None:
    memory = Memory(bytes(100_000))
    cached = Cached(memory)
    for _ in range(3):
        cached.read(10, 20)
    assert memory.reads == 1
    assert cached.read(32_760, 20) == bytes(20)
    for read in (cached.read, cached.read_through):
        with pytest.raises(CannotLookInside):
            read(99_990, 20)
        with pytest.raises(CannotLookInside):
            read(-4, 2)


def test_only_so_much_is_kept() -> None:
    memory = Memory(bytes(9 * 1024 * 1024))
    cached = Cached(memory)
    for start in range(0, memory.size, 32 * 1024):
        cached.read(start, 1)
    reads = memory.reads
    cached.read(0, 1)
    assert memory.reads == reads + 1
