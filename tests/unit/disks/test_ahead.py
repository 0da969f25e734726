"""Tests of disks/ahead.py."""

import threading
from contextlib import closing

import pytest

from imgkit.disks.ahead import work_ahead


def test_results_come_in_the_order_of_the_items() -> None:
    turn = threading.Barrier(2)

    def work(item: int) -> int:
        if item < 2:
            turn.wait(10)  # neither is done before the other has begun
        return item * item

    found = list(work_ahead(((n, True) for n in range(5)), work, jobs=2, ahead=3, name="test"))
    assert found == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]


def test_what_is_not_worth_a_thread_is_done_by_the_taker() -> None:
    here = threading.get_ident()
    found = work_ahead([(1, False), (2, True)], lambda _: threading.get_ident(), jobs=1, ahead=2, name="test")
    assert [where == here for _, where in found] == [True, False]


def test_no_more_is_begun_than_was_allowed() -> None:
    begun: list[int] = []
    taking = work_ahead(((n, True) for n in range(100)), begun.append, jobs=1, ahead=2, name="test")
    with closing(taking):
        next(taking)
    assert len(begun) <= 4


def test_a_failure_ends_the_work_where_it_belongs() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise OSError("the disk is gone")
        return item

    taking = work_ahead(((n, True) for n in range(9)), work, jobs=3, ahead=6, name="test")
    assert [next(taking), next(taking)] == [(0, 0), (1, 1)]
    with pytest.raises(OSError, match="gone"):
        next(taking)
