"""Sparse maps of all four kinds, and every way in which they can be wrong."""

import contextlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.archives.tar_samples import old_gnu_sparse

from imgkit.archives import sparse_map
from imgkit.archives.sparse_map import SparseMap, old_gnu_map, pax_0_map, pax_1_map
from imgkit.errors import ArchiveDamaged, ArchiveError, ArchiveUnsafe

SEGMENTS = st.lists(
    st.tuples(st.integers(0, 1 << 40), st.integers(0, 1 << 21).map(lambda blocks: blocks * 512)), max_size=60
)


def in_order(pairs: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], int]:
    """Gaps and lengths as segments one behind the other, and the size that they need."""
    segments, end = [], 0
    for gap, length in pairs:
        segments.append((end + gap, length))
        end += gap + length
    return segments, end


def blocks_of(data: bytes) -> Callable[[], bytes]:
    chunks = iter([data[start : start + 512] for start in range(0, len(data), 512)])
    return lambda: next(chunks).ljust(512, b"\0")


@given(SEGMENTS, st.integers(0, 2000))
def test_all_four_kinds_read_alike(pairs: list[tuple[int, int]], last: int) -> None:
    segments, size = in_order([*pairs, (0, last)])
    numbers = [b"%d" % number for number in itertools.chain.from_iterable(segments)]
    lines = b"".join(number + b"\n" for number in [b"%d" % len(segments), *numbers])
    header = old_gnu_sparse(b"", segments, size, size=0)
    count = b"%d" % len(segments)
    maps = [
        old_gnu_map(header[:512], blocks_of(header[512:])),
        pax_0_map(size, numbers, said_segments=count),
        pax_0_map(size, b",".join(numbers), said_segments=count),
        pax_1_map(size, blocks_of(lines)),
    ]
    for found in maps:
        assert list(found) == segments
        assert len(found) == len(segments)
        assert found.size == size
        assert found.stored_bytes == sum(length for _, length in segments)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=6), st.integers(0, 50))
def test_what_is_added_lies_in_order_apart_and_inside(segments: list[tuple[int, int]], size: int) -> None:
    found = SparseMap(size)
    try:
        for segment in segments:
            found.add(*segment)
    except ArchiveUnsafe:
        pass
    end = 0
    for offset, length in found:
        assert end <= offset
        end = offset + length
        assert end <= size


@given(st.lists(st.binary(min_size=512, max_size=512), min_size=3, max_size=3))
def test_noise_is_refused_or_a_map(blocks: list[bytes]) -> None:
    data = b"".join(blocks)
    with contextlib.suppress(ArchiveError):
        old_gnu_map(blocks[0], blocks_of(data[512:] + bytes(51200)))
    with contextlib.suppress(ArchiveError):
        pax_1_map(1 << 40, blocks_of(data + bytes(512)))
    with contextlib.suppress(ArchiveError):
        pax_0_map(1 << 40, data, said_segments=b"1")


def test_data_ends_inside_a_block_only_at_the_end() -> None:
    found = SparseMap(9000)
    found.add(0, 1024)
    found.add(2000, 100)
    found.add(3000, 0)
    with pytest.raises(ArchiveUnsafe, match="middle of a block"):
        found.add(3000, 1)


def test_a_map_cannot_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_map, "MOST_SEGMENTS", 100)
    endless = old_gnu_sparse(b"", [(0, 0)] * 1000, 0, size=0)
    with pytest.raises(ArchiveUnsafe, match="more than 100 segments"):
        old_gnu_map(endless[:512], blocks_of(endless[512:]))
    with pytest.raises(ArchiveUnsafe, match="claims 101"):
        pax_1_map(0, blocks_of(b"101\n"))


def test_a_count_that_does_not_fit_is_damage() -> None:
    with pytest.raises(ArchiveDamaged, match="number of segments"):
        pax_0_map(9, b"0,1", said_segments=b"2")
    with pytest.raises(ArchiveDamaged, match="last length"):
        pax_0_map(9, [b"0", b"1", b"2"], said_segments=b"1")


def test_only_as_many_blocks_are_read_as_the_map_needs() -> None:
    read: list[int] = []

    def read_block() -> bytes:
        read.append(1)
        return b"1\n0\n512\n".ljust(512, b"\0")

    assert list(pax_1_map(512, read_block)) == [(0, 512)]
    assert len(read) == 1
