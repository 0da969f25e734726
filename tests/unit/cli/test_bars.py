"""Tests of cli/bars.py."""

import logging

import pytest
from tqdm import tqdm

from imgkit.cli.bars import BarHandler, TqdmBar, TqdmProgress


def test_bytes_that_were_there_before_say_nothing_about_the_speed():
    with TqdmProgress().bar("download", total=1000) as bar:
        bar.set_done(600)
        assert bar._bar.initial == 600
        bar.set_done(700)
        assert bar._bar.n == 700


def test_a_bar_may_step_back():
    with TqdmProgress().bar("download", total=1000) as bar:
        for done in (0, 500, 200):
            bar.set_done(done)
        assert bar._bar.n == 200


@pytest.mark.parametrize(("total", "unit"), [(None, "s"), (100, "%"), (None, "B"), (0, "B")])
def test_every_unit_can_be_drawn(capsys, total, unit):
    with TqdmBar("export t-1", total=total, unit=unit) as bar:
        bar.set_done(3)
        bar.note("Processing")
        bar._bar.refresh()
    assert "export t-1" in capsys.readouterr().err


def test_no_escape_of_an_objects_name_is_drawn(capsys):
    with TqdmBar("a\x1b]0;title\x07b", total=9, unit="B") as bar:
        bar.note("n\x1b[2J")
        bar._bar.refresh()
    assert "\x1b]0;" not in capsys.readouterr().err


def test_bars_are_drawn_on_standard_error_alone(capsys):
    with TqdmProgress().bar("download", total=9) as bar:
        bar.set_done(9)
    TqdmProgress().write("words")
    both = capsys.readouterr()
    assert both.out == ""
    assert "words" in both.err


def test_a_log_line_never_ends_the_work(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise OSError("the terminal went away")

    handled: list[logging.LogRecord] = []
    handler = BarHandler()
    monkeypatch.setattr(tqdm, "write", broken)
    monkeypatch.setattr(handler, "handleError", handled.append)
    record = logging.LogRecord("imgkit", logging.WARNING, "f", 1, "words", (), None)
    handler.emit(record)
    assert handled == [record]


def test_the_total_moves_with_all_bars_and_knows_what_was_there_before():
    with TqdmProgress().together("2 objects", total=2000) as progress:
        with progress.bar("a", total=1000) as first, progress.bar("b", total=1000) as second:
            first.set_done(600)
            second.set_done(0)
            first.set_done(700)
            second.set_done(50)
            second.note("slow")
        total = progress._total._bar
        assert (total.n, total.initial) == (750, 600)


def test_a_bar_that_begins_again_does_not_count_twice():
    with TqdmProgress().together("2 objects", total=2000) as progress:
        for done in (1000, 200):
            with progress.bar("a", total=1000) as bar:
                bar.set_done(done)
        assert progress._total._bar.n == 200
