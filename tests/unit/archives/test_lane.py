"""Work on another thread, in order, and its errors where the work comes from."""

import threading
import time

import pytest

from imgkit.archives.lane import LARGEST_WEIGHT, Lane


def test_items_are_worked_through_in_order() -> None:
    seen: list[int] = []
    with Lane("test", seen.append) as lane:
        for number in range(100):
            lane.put(number)
        lane.finish()
    assert seen == list(range(100))


def test_an_error_comes_back_and_nothing_is_worked_on_after_it() -> None:
    seen: list[int] = []

    def work(item: int) -> None:
        seen.append(item)
        raise ValueError("broken")

    with Lane("test", work) as lane:
        for number in range(3):
            lane.put(number)
        with pytest.raises(ValueError, match="broken"):
            lane.finish()
        with pytest.raises(ValueError, match="broken"):
            lane.put(9)
    assert seen == [0]


def test_leaving_early_drops_what_is_queued_and_ends_the_thread() -> None:
    seen: list[int] = []
    gate = threading.Event()

    def work(item: int) -> None:
        gate.wait(10)
        seen.append(item)

    def open_once_left(lane: Lane[int]) -> None:
        while not lane._idle:
            time.sleep(0.001)
        gate.set()

    def leave() -> None:
        with Lane("test", work) as lane:
            for number in range(4):
                lane.put(number)
            threading.Thread(target=open_once_left, args=(lane,)).start()
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert len(seen) <= 1
    assert threading.active_count() <= before + 1  # the opener may still be ending


def filled(weight: int, count: int, *, least: int) -> tuple[int, int]:
    """Put so many items into a lane that does not move; return how many it took, and how many when it went on."""
    gate = threading.Event()
    put: list[int] = []

    def wait(_: int) -> None:
        gate.wait(10)

    def fill(lane: Lane[int]) -> None:
        for number in range(count):
            lane.put(number, weight)
            put.append(number)

    with Lane[int]("test", wait) as lane:
        filler = threading.Thread(target=fill, args=(lane,))
        filler.start()
        deadline = time.monotonic() + 10
        while len(put) < least and time.monotonic() < deadline:
            time.sleep(0.001)
        filler.join(0.2)  # long enough to put one too many
        taken = len(put)
        gate.set()
        filler.join(10)
        lane.finish()
    return taken, len(put)


def test_the_queue_is_bounded_by_weight() -> None:
    taken, all_in_all = filled(LARGEST_WEIGHT // 4, 50, least=4)
    assert 4 <= taken <= 5  # the one that is being worked on weighs nothing any more
    assert all_in_all == 50


def test_what_weighs_nothing_keeps_nobody_waiting() -> None:
    assert filled(0, 500, least=500) == (500, 500)


def test_one_item_is_taken_however_heavy_it_is() -> None:
    assert filled(2 * LARGEST_WEIGHT, 3, least=1)[1] == 3
