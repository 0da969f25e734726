"""Interruptions that wait until a moment is over."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from imgkit.interruptions import begin_completing, completing, held_back


class Stopped(BaseException):
    """What a handler of the test raises."""


@pytest.fixture(autouse=True)
def raising() -> Iterator[None]:
    def stop(number: int, _frame: object) -> None:
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_comes_when_the_block_ends_and_only_the_first(number: signal.Signals) -> None:
    steps = []

    def work() -> None:
        with held_back():
            signal.raise_signal(number)
            signal.raise_signal(signal.SIGTERM)
            steps.append("done")
        steps.append("never")

    with pytest.raises(Stopped) as stopped:
        work()
    assert (steps, stopped.value.args) == (["done"], (number,))
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


def test_one_that_comes_while_it_begins_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    set_handler, calls = signal.signal, []

    def interrupted(number: int, handler: Any) -> Any:
        calls.append(number)
        if len(calls) == 2:
            raise Stopped(signal.SIGTERM)
        return set_handler(number, handler)

    def work() -> None:
        with held_back():
            raise AssertionError("it went on")

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr("imgkit.interruptions.signal.signal", interrupted)
        with pytest.raises(Stopped):
            work()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with held_back():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_before_a_result_has_its_name_everything_ends_at_once() -> None:
    def work() -> None:
        with completing():
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("it went on")

    with pytest.raises(Stopped):
        work()


def test_a_result_with_its_name_is_completed_first() -> None:
    steps = []

    def work() -> None:
        with completing():
            begin_completing()
            signal.raise_signal(signal.SIGINT)
            steps.append("recorded")

    with pytest.raises(Stopped):
        work()
    assert steps == ["recorded"]


def test_at_the_end_of_all_work_it_comes_too_late() -> None:
    with completing(is_the_end=True):
        begin_completing()
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


def test_an_error_at_the_end_lets_the_interruption_through() -> None:
    def work() -> None:
        with completing(is_the_end=True):
            begin_completing()
            signal.raise_signal(signal.SIGINT)
            raise ValueError("no room for the record")

    with pytest.raises(Stopped):
        work()


def test_without_somebody_who_completes_nothing_waits() -> None:
    begin_completing()
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


def test_a_thread_is_never_interrupted_and_changes_no_handler() -> None:
    handlers = []

    def work() -> None:
        with held_back(), completing():
            begin_completing()
            handlers.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [before]
