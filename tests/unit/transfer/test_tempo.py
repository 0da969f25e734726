"""How many ranges at once: a line whose speed depends on them, and a clock that tests move."""

import logging
from collections.abc import Callable

import pytest

from imgkit.transfer.pace import Gate
from imgkit.transfer.tempo import FIRST_JOBS, MOST_JOBS_UNASKED, Tempo
from imgkit.units import MiB


class Line:
    """Gives so many bytes a second to so many ranges at once."""

    def __init__(self, speed: Callable[[int], float], *, most: int = MOST_JOBS_UNASKED) -> None:
        self.now = 50.0
        self.speed = speed
        self.received = 0
        self.gate = Gate(FIRST_JOBS)
        self.tempo = Tempo(self.gate, lambda: self.now, most=most)
        self.widths = [FIRST_JOBS]

    def run(self, seconds: int) -> None:
        while self.gate.width > self.gate._inside:
            self.gate.enter()
        for _ in range(seconds):
            self.now += 1
            self.received += int(self.speed(self.gate.width))
            self.tempo.look(self.received)
            while self.gate._inside < self.gate.width:
                self.gate.enter()
            if self.gate.width != self.widths[-1]:
                self.widths.append(self.gate.width)


def each_gives(one: float) -> Callable[[int], float]:
    return lambda jobs: jobs * one


def test_a_line_that_gives_each_range_its_share_is_widened_to_the_most() -> None:
    line = Line(each_gives(5 * MiB))
    line.run(15)
    assert line.widths == [4, 8, 16, MOST_JOBS_UNASKED]


def test_what_brings_nothing_is_taken_back() -> None:
    line = Line(lambda jobs: min(jobs, 8) * 5 * MiB)
    line.run(30)
    assert line.widths == [4, 8, 16, 8]


def test_a_line_that_is_full_already_is_tried_once_and_left_alone_for_a_minute() -> None:
    line = Line(lambda _: 50 * MiB)
    line.run(50)
    assert line.widths == [4, 8, 4]
    line.run(30)
    assert line.widths == [4, 8, 4, 8, 4]


def test_while_not_all_are_at_work_no_more_are_tried() -> None:
    line = Line(each_gives(MiB))
    line.gate.enter()
    for _ in range(20):
        line.now += 1
        line.tempo.look(line.received)
    assert line.gate.width == FIRST_JOBS


def test_a_service_that_asks_for_less_ends_the_trial(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "imgkit.transfer")
    line = Line(each_gives(MiB))
    line.run(3)
    assert line.gate.width == 8
    line.gate.narrow(line.gate.wave)
    line.gate.narrow(line.gate.wave)
    line.run(2)
    assert (line.gate.width, line.gate.target) == (2, 2)
    line.run(40)
    assert line.gate.width == 2
    assert "asked for less: no more than 4" in caplog.text


def test_the_reason_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "imgkit.transfer")
    line = Line(lambda jobs: min(jobs, 8) * 10 * MiB)
    line.run(20)
    assert "40 MiB/s with 4 ranges at once; trying 8" in caplog.text
    assert "8 ranges at once bring 80 MiB/s instead of 40 MiB/s: kept" in caplog.text
    assert "16 ranges at once bring 80 MiB/s instead of 80 MiB/s: back to 8" in caplog.text


def test_never_more_than_the_most() -> None:
    line = Line(each_gives(MiB), most=5)
    line.run(60)
    assert max(line.widths) == 5
