"""Threads that stop together."""

import threading

import pytest

from imgkit.errors import AccessDenied, NoRoom
from imgkit.transfer.crew import Crew


def fail_with(error: Exception) -> None:
    raise error


def test_the_first_error_stops_all_and_is_raised_as_it_came() -> None:
    crew, error = Crew(), AccessDenied("no")
    stopped = threading.Event()

    def wait_for_the_stop() -> None:
        crew.stop.wait()
        stopped.set()

    crew.start("waits", wait_for_the_stop)
    crew.start("fails", lambda: fail_with(error))
    assert stopped.wait(5)
    with pytest.raises(AccessDenied) as raised:
        crew.wait(5)
    assert raised.value is error
    crew.dismiss()


def test_a_later_error_does_not_hide_the_first() -> None:
    crew = Crew()
    crew.start("first", lambda: fail_with(NoRoom("first")))
    crew.stop.wait(5)
    crew.start("second", lambda: fail_with(AccessDenied("second")))
    crew.dismiss()
    with pytest.raises(NoRoom, match="first"):
        crew.raise_first()


def test_waiting_ends_when_somebody_finishes() -> None:
    crew = Crew()
    crew.start("short", lambda: None)
    crew.wait(60)
    crew.dismiss()


def test_a_crew_without_work_keeps_nobody_waiting() -> None:
    Crew().wait(60)
