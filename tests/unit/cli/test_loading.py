"""Tests of cli/loading.py."""

import sys

import pytest
import typer
from typer.testing import CliRunner

from imgkit.cli import loading
from imgkit.cli.catalogue import CATALOGUE

NAMES = {entry.name for entry in CATALOGUE}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> tuple[typer.Typer, list[str]]:
    """An application without commands, and the modules that were asked for."""
    empty, imported = typer.Typer(no_args_is_help=True, rich_markup_mode=None), list[str]()
    monkeypatch.setattr(loading, "app", empty)
    monkeypatch.setattr(loading, "import_module", imported.append)
    return empty, imported


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["fetch", "m-1"], ["imgkit.cli.fetch"]),
        (["--version"], []),
        (["--help"], []),
        ([], []),
        (["fetsch"], []),
        (["--json", "check", "fetch"], ["imgkit.cli.check"]),
    ],
)
def test_only_the_command_that_is_called_is_imported(fresh, words, modules):
    loading.load_commands(words)
    assert fresh[1] == modules


def test_of_all_others_the_names_are_known(fresh):
    loading.load_commands(["--help"])
    shown = CliRunner().invoke(fresh[0], ["--help"]).stdout
    assert all(f"  {name} " in shown for name in NAMES)


def test_the_shells_completion_knows_every_command(fresh, monkeypatch):
    monkeypatch.setenv("_IMGKIT_COMPLETE", "complete_bash")
    monkeypatch.setattr(sys, "argv", ["imgkit", "fetch"])
    with pytest.raises((SystemExit, RuntimeError)):  # an application without commands has nothing to run
        loading.start()
    assert len(fresh[1]) == len(CATALOGUE)
