"""Tests of disks/writers/packed_chunks.py."""

import pytest
from tests.unit.disks.fake_view import FakeView, honest
from tests.unit.disks.writers.disks import SHAPES, disk

from imgkit.digests import CHUNK_BYTES
from imgkit.disks.writers.packed_chunks import BLOCK_BYTES, BLOCKS_EACH_CHUNK, Pack, PackedChunk, pack_chunks
from imgkit.units import MiB


def as_it_is() -> Pack:
    return lambda block: block


@pytest.mark.parametrize("shape", SHAPES)
def test_every_block_comes_in_order_and_the_digests_are_right(shape: str) -> None:
    view, taken = SHAPES[shape], list[PackedChunk]()
    assert pack_chunks(view, as_it_is, taken.append) == honest(view.content)
    assert [chunk.number for chunk in taken] == list(range(-(-view.size // CHUNK_BYTES)))
    content = bytearray(-(-view.size // BLOCK_BYTES) * BLOCK_BYTES)
    for chunk in taken:
        for number, block in enumerate(chunk.blocks, chunk.number * BLOCKS_EACH_CHUNK):
            content[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES] = block or bytes(BLOCK_BYTES)
    assert bytes(content[: view.size]) == view.content


def test_blocks_of_zeroes_are_none_and_chunks_of_them_have_no_blocks() -> None:
    taken: list[PackedChunk] = []
    pack_chunks(disk(9 * MiB, (0, bytes(MiB)), (5 * MiB, b"x")), as_it_is, taken.append)
    assert [len([each for each in chunk.blocks if each]) for chunk in taken] == [0, 1, 0]
    assert (taken[0].blocks, taken[2].blocks) == ((), ())


def test_a_failing_packer_is_raised() -> None:
    def fail(block: bytes) -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        pack_chunks(FakeView(b"x" * MiB), lambda: fail, lambda chunk: None)
