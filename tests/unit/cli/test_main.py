"""Tests of cli/main.py: Ctrl-C before any command has begun."""

import subprocess
import sys

import pytest

EARLY = """
import importlib.abc, signal, sys

class Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.{handler})
sys.meta_path.insert(0, Interrupted())
from imgkit.cli.main import run
sys.argv = ["imgkit", *{words!r}]
run()
"""


def run(module: str, *words: str, handler: str = "default_int_handler") -> "subprocess.CompletedProcess[str]":
    """Run the program, interrupted when it is about to import this module."""
    code = EARLY.format(module=module, words=words, handler=handler)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["imgkit.cli.loading", "typer", "imgkit.cli.info"])
def test_ctrl_c_while_the_program_loads_ends_it_with_a_sentence(module: str) -> None:
    ended = run(module, "info", "--help")
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "imgkit: interrupted; nothing was begun\n"


def test_where_it_is_ignored_it_stays_ignored() -> None:
    ended = run("typer", "info", "--help", handler="SIG_IGN")
    assert ended.returncode == 0, ended.stderr
    assert "Usage" in ended.stdout
