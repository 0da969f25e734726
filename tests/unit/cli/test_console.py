"""Tests of cli/console.py."""

import logging
import sys

import pytest

from imgkit.cli.bars import TqdmProgress
from imgkit.cli.console import Console, open_console
from imgkit.progress import NULL_PROGRESS


def _opened(verbose: int = 0, *, quiet: bool = False):
    return open_console(json=False, verbose=verbose, quiet=quiet, log_file=None, debug=False)


def test_text_or_one_json_document_are_two_drawings_of_one_result(capsys):
    Console().result("done\n", {"done": True})
    Console(json=True).result("done", {"done": True})
    assert capsys.readouterr().out == 'done\n{\n  "done": true\n}\n'


def test_what_was_given_as_a_result_is_known_afterwards():
    console = Console()
    console.result("", {"a": 1})
    assert console.results == [{"a": 1}]


def test_an_empty_text_gives_no_empty_line(capsys):
    Console().result("", {"a": 1})
    assert capsys.readouterr().out == ""


def test_quiet_silences_all_but_warnings(capsys):
    console = Console(quiet=True)
    console.say("on the way")
    console.warn("careful")
    assert capsys.readouterr().err == "warning: careful\n"


def test_names_from_elsewhere_bring_no_escape_to_the_terminal(capsys):
    console = Console()
    console.result("name\x1b[2J", {})
    console.say("name\x1b[2J")
    both = capsys.readouterr()
    assert "\x1b" not in both.out + both.err


@pytest.mark.parametrize(
    ("verbose", "quiet", "shown"),
    [
        (0, False, ["WARNING", "ERROR"]),
        (1, False, ["INFO", "WARNING", "ERROR"]),
        (2, False, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        (9, False, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        (0, True, ["ERROR"]),
    ],
)
def test_how_much_is_logged_on_the_screen(capsys, verbose, quiet, shown):
    with _opened(verbose, quiet=quiet):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger("imgkit.process").log(level, "words")
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == shown


@pytest.mark.parametrize(
    ("terminal", "quiet", "draws"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_bars_are_drawn_only_where_somebody_sees_them(monkeypatch, terminal, quiet, draws):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    with _opened(quiet=quiet) as console:
        assert isinstance(console.progress, TqdmProgress) is draws
        assert (console.progress is NULL_PROGRESS) is not draws


def test_words_go_above_the_bars(capsys):
    Console(progress=TqdmProgress()).say("on the way")
    assert capsys.readouterr().err.strip() == "on the way"


def test_a_log_file_is_added_to_and_keeps_what_no_utf8_can_say(tmp_path):
    path = tmp_path / "log"
    for _ in range(2):
        with open_console(json=False, verbose=0, quiet=False, log_file=path, debug=False):
            logging.getLogger("imgkit.files").info("name \udcff")
    assert path.read_text().count("name \\") == 2
