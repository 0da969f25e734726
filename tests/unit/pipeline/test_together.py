"""Several pieces of work at once."""

import threading
from typing import Any

import pytest

from imgkit.errors import Differs, NoRoom
from imgkit.pipeline.together import run_together
from imgkit.transfer.budget import Budget, Cancelled
from imgkit.transfer.settings import TransferSettings


@pytest.fixture
def budget() -> Budget:
    return Budget(TransferSettings())


def failing(error: BaseException) -> Any:
    def fail() -> None:
        raise error

    return fail


def test_results_come_in_the_order_of_the_work(budget: Budget) -> None:
    second_is_done = threading.Event()

    def first() -> str:
        assert second_is_done.wait(5)
        return "first"

    def second() -> str:
        second_is_done.set()
        return "second"

    assert run_together([first, second], budget=budget, tolerated=()) == ["first", "second"]


def test_no_more_at_once_than_was_said(budget: Budget) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.01)
        with lock:
            running[0] -= 1

    run_together([work] * 9, budget=budget, tolerated=(), at_once=3)
    assert 1 < most[0] <= 3


def test_an_error_of_one_stands_in_its_place(budget: Budget) -> None:
    error = Differs("it differs")
    assert run_together([lambda: 1, failing(error), lambda: 3], budget=budget, tolerated=(Differs,)) == [1, error, 3]
    budget.look()


@pytest.mark.parametrize("count", [1, 3])
def test_an_error_that_concerns_all_stops_all(budget: Budget, count: int) -> None:
    def transfer() -> None:
        while True:
            budget.look()

    works = [*[transfer] * (count - 1), failing(NoRoom("full"))]
    with pytest.raises(NoRoom):
        run_together(works, budget=budget, tolerated=(Differs,))
    with pytest.raises(Cancelled):
        budget.look()


def test_after_it_nothing_more_is_begun(budget: Budget) -> None:
    begun: list[int] = []
    with pytest.raises(NoRoom):
        run_together(
            [failing(NoRoom("full")), *(lambda: begun.append(1) for _ in range(50))],
            budget=budget,
            tolerated=(),
            at_once=1,
        )
    assert begun == []


def test_an_interruption_stops_all_and_is_raised(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def transfer() -> None:
        try:
            while True:
                budget.look()
        finally:
            ended.append("kept what came")

    join = threading.Thread.join
    interrupts = [KeyboardInterrupt()]

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if interrupts:
            raise interrupts.pop()
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_together([transfer, transfer], budget=budget, tolerated=())
    assert ended == ["kept what came"] * 2
