"""Tests of disks/comparing.py."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.disks.fake_view import FakeView, honest

from imgkit.digests import CHUNK_BYTES
from imgkit.disks.comparing import compare, compare_views
from imgkit.model.disk import Extent, ExtentKind

HALF = CHUNK_BYTES // 2


def test_comparing_names_the_first_chunks_that_differ() -> None:
    first = honest(bytes(4 * CHUNK_BYTES))
    second = honest(bytes(CHUNK_BYTES) + b"x" + bytes(3 * CHUNK_BYTES - 1))
    comparison = compare(first, second)
    assert not comparison.is_equal
    assert comparison.first_differing == (1,)
    assert comparison.describe() == f"1 chunk of 4 MiB differs, at byte {CHUNK_BYTES}"
    assert compare(first, first).is_equal


def test_equal_bytes_of_different_size_are_not_equal() -> None:
    comparison = compare(honest(bytes(512)), honest(bytes(1024)))
    assert not comparison.is_equal
    assert comparison.describe() == "512 bytes against 1024"


def test_of_different_sizes_only_the_chunks_that_both_have_whole_are_counted() -> None:
    short, long = bytes(2 * CHUNK_BYTES + 512), b"x" + bytes(3 * CHUNK_BYTES)
    comparison = compare(honest(short), honest(long))
    assert (comparison.differing, comparison.first_differing) == (1, (0,))
    assert comparison.describe().endswith("of the 2 chunks of 4 MiB that both have whole, 1 differs, at byte 0")
    assert (
        compare(honest(short), honest(bytes(3 * CHUNK_BYTES))).describe().endswith("that both have whole, none differs")
    )


def test_reading_side_by_side_gives_both_digests() -> None:
    content = b"a" * CHUNK_BYTES + bytes(CHUNK_BYTES) + b"b" * 1000
    other = content[:-1] + b"c"
    found = compare_views(FakeView(content), FakeView(other), jobs=3)
    assert (found.first, found.second) == (honest(content), honest(other))
    assert found.comparison.first_differing == (2,)
    assert compare_views(FakeView(content), FakeView(content)).comparison.is_equal


def test_what_is_zero_in_both_is_not_read_and_what_is_in_one_is() -> None:
    content = bytes(2 * CHUNK_BYTES)
    zero = [Extent(0, 2 * CHUNK_BYTES, ExtentKind.ZERO)]
    half = [Extent(0, CHUNK_BYTES, ExtentKind.ZERO), Extent(CHUNK_BYTES, CHUNK_BYTES, ExtentKind.DATA)]
    first, second = FakeView(content, zero), FakeView(content, half)
    assert compare_views(first, second, jobs=1).comparison.is_equal
    assert min(first.read_at) == min(second.read_at) == CHUNK_BYTES


def test_a_longer_disk_is_read_to_its_end() -> None:
    short, long = b"a" * (CHUNK_BYTES + HALF), b"a" * (3 * CHUNK_BYTES + 1)
    found = compare_views(FakeView(short), FakeView(long))
    assert (found.first, found.second) == (honest(short), honest(long))
    assert (found.comparison.is_equal, found.comparison.differing) == (False, 0)


@settings(max_examples=20, deadline=None)
@given(
    place=st.integers(0, 3 * CHUNK_BYTES - 1),
    sizes=st.tuples(st.integers(1, 3 * CHUNK_BYTES), st.integers(1, 3 * CHUNK_BYTES)),
)
def test_one_other_byte_is_never_missed(place: int, sizes: tuple[int, int]) -> None:
    content = bytearray(max(sizes))
    first = bytes(content[: sizes[0]])
    content[place % len(content)] = 1
    second = bytes(content[: sizes[1]])
    found = compare_views(FakeView(first), FakeView(second), jobs=2)
    assert (found.first, found.second) == (honest(first), honest(second))
    assert found.comparison.is_equal == (first == second)
