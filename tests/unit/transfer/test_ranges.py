"""Part arithmetic."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.transfer.ranges import LARGEST_PART_BYTES, MAX_PARTS, ByteRange, PartPlan, plan_parts
from imgkit.units import GiB, KiB, MiB, TiB

sizes = st.integers(min_value=0, max_value=5 * TiB)
wishes = st.none() | st.integers(min_value=64 * KiB, max_value=TiB)


@given(size=sizes, wish=wishes)
def test_parts_cover_the_object_without_gap_or_overlap(size: int, wish: int | None) -> None:
    plan = plan_parts(size, part_bytes=wish)
    numbers = sorted({0, 1, plan.count // 2, plan.count - 2, plan.count - 1} & set(range(plan.count)))
    for number in numbers:
        part = plan.part(number)
        assert 0 < part.length <= plan.part_bytes
        assert part.end == (size if number == plan.count - 1 else plan.part(number + 1).start)
    assert plan.count == 0 or plan.part(0).start == 0


@given(size=sizes, wish=wishes)
def test_no_object_has_more_parts_than_a_journal_bears(size: int, wish: int | None) -> None:
    assert plan_parts(size, part_bytes=wish).count <= MAX_PARTS


@given(size=st.integers(min_value=0, max_value=MAX_PARTS * LARGEST_PART_BYTES))
def test_parts_stay_small_enough_to_mend_as_long_as_their_number_allows(size: int) -> None:
    assert plan_parts(size).part_bytes <= LARGEST_PART_BYTES


def test_a_wish_is_followed() -> None:
    assert plan_parts(GiB, part_bytes=MiB).part_bytes == MiB


def test_two_tebibytes_are_planned_without_a_list_of_their_parts() -> None:
    tracemalloc.start()
    plan = plan_parts(2 * TiB)
    last = plan.part(plan.count - 1)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last.end == 2 * TiB
    assert peak_bytes < plan.count


def test_an_empty_object_has_no_parts() -> None:
    assert plan_parts(0).count == 0


def test_a_range_without_its_first_bytes_is_its_rest() -> None:
    assert ByteRange(100, 50).without_first(20) == ByteRange(120, 30)


def test_a_range_is_named_as_in_a_request() -> None:
    assert str(ByteRange(100, 50)) == "bytes 100-149"


@pytest.mark.parametrize("number", [-1, 3])
def test_a_part_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        PartPlan(size=30, part_bytes=10).part(number)


@pytest.mark.parametrize(("size", "part_bytes"), [(-1, 1), (1, 0)])
def test_an_impossible_plan_is_refused(size: int, part_bytes: int) -> None:
    with pytest.raises(ValueError, match="cannot be had"):
        PartPlan(size=size, part_bytes=part_bytes)
