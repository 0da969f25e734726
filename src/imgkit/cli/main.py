"""The `imgkit` program: the application with the command that is called, and the names of all others."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from imgkit.cli.app import app
from imgkit.cli.catalogue import CATALOGUE, Entry

__all__ = ["app", "load_commands", "run"]

_COMPLETION = "_IMGKIT_COMPLETE"  # set by the shell while it completes: then every command must be known


def run() -> None:
    """Run the command line; the program's entry point."""
    load_commands(None if _COMPLETION in os.environ else sys.argv[1:])
    app()


def load_commands(words: Sequence[str] | None = None) -> None:
    """Register the command that these words call, and of the others the names; all of them for None."""
    called = next((word for word in words or () if not word.startswith("-")), "")
    for entry in CATALOGUE:
        if words is None or entry.name == called:
            import_module(entry.module)
        else:
            _register_name(entry)


def _register_name(entry: Entry) -> None:
    @app.command(entry.name, help=entry.summary)
    def only_named() -> None:
        raise AssertionError(f"{entry.name} was called without being imported")
