"""Tests of cli/app.py."""

from tests.unit.cli.command_line import imgkit

from imgkit.version import __version__


def test_the_version_is_one_line():
    ended = imgkit("--version")
    assert (ended.code, ended.out) == (0, f"imgkit {__version__}\n")


def test_without_a_word_the_help_is_shown():
    assert "Usage: " in imgkit().out + imgkit().err


def test_an_unknown_command_is_typers_own_code():
    ended = imgkit("fetsch")
    assert ended.code == 2
    assert "fetsch" in ended.err
