"""Tests of disks/salvaged_view.py."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.disks.fake_view import FakeView

from imgkit.disks.salvaged_view import SalvagedView
from imgkit.errors import Differs, NotAccessible
from imgkit.model.disk import Extent, ExtentKind
from imgkit.units import KiB, MiB


class Broken(FakeView):
    """Cannot be read between `first` and `last`; its tables end at `known`."""

    def __init__(self, content: bytes, first: int, last: int, *, known: int | None = None) -> None:
        super().__init__(content)
        self.bad = (first, last)
        self.known = known

    def read(self, offset: int, length: int) -> bytes:
        if offset < self.bad[1] and offset + length > self.bad[0]:
            raise NotAccessible("I/O error")
        return super().read(offset, length)

    def extents(self) -> Iterator[Extent]:
        yield Extent(0, self.known or len(self.content), ExtentKind.DATA)
        if self.known is not None:
            raise Differs("a table is damaged")


def test_no_more_is_lost_than_must_be() -> None:
    content = b"x" * MiB
    view = SalvagedView(Broken(content, 300 * KiB + 5, 301 * KiB))
    assert view.read(0, MiB) == content[: 300 * KiB] + bytes(4 * KiB) + content[304 * KiB :]
    assert view.lost == (Extent(300 * KiB, 4 * KiB, ExtentKind.ZERO),)


def test_neighbours_are_told_as_one_and_twice_read_once() -> None:
    view = SalvagedView(Broken(b"x" * MiB, 100 * KiB, 200 * KiB))
    view.read(0, MiB)
    view.read(0, MiB)
    assert view.lost == (Extent(100 * KiB, 100 * KiB, ExtentKind.ZERO),)


def test_an_odd_end_is_read_as_well() -> None:
    view = SalvagedView(Broken(b"x" * 9001, 8500, 8600))
    assert view.read(0, 9001) == b"x" * 8192 + bytes(809)
    assert view.lost == (Extent(8192, 809, ExtentKind.ZERO),)


def test_behind_a_damaged_table_everything_is_tried() -> None:
    view = SalvagedView(Broken(b"x" * MiB, 0, 0, known=64 * KiB))
    assert list(view.extents()) == [
        Extent(0, 64 * KiB, ExtentKind.DATA),
        Extent(64 * KiB, MiB - 64 * KiB, ExtentKind.DATA),
    ]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=40))
def test_what_is_lost_in_any_order_is_told_once_and_joined(ranges: list[tuple[int, int]]) -> None:
    view = SalvagedView(FakeView(bytes(80)))
    wanted: set[int] = set()
    for start, length in ranges:
        view._lose(start, start + length)  # no reading loses bytes in such an order
        wanted |= set(range(start, start + length))
    lost = view.lost
    assert {place for each in lost for place in range(each.start, each.end)} == wanted
    assert all(one.end < other.start for one, other in pairwise(lost))
