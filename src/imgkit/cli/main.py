"""The `imgkit` program: the application with the command that is called, and the names of all others."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from imgkit.cli.app import app
from imgkit.cli.catalogue import CATALOGUE, Entry

__all__ = ["app", "load_commands", "run"]

_COMPLETION = "_IMGKIT_COMPLETE"  # set by the shell while it completes: then every command must be known
_NO_READING = {"--help", "--list", "guestfs", "--engine=guestfs"}


def run() -> None:
    """Run the command line; the program's entry point."""
    gc.disable()  # what is loaded stays until the end: looking for waste in it costs time and finds none
    if _COMPLETION in os.environ:
        load_commands()
    else:
        _read_ahead(sys.argv[1:])
        load_commands(sys.argv[1:])
    gc.freeze()
    gc.enable()
    app()


def _read_ahead(words: Sequence[str]) -> None:
    """Let the process that reads disks load while we do, for a command that needs it."""
    if _called(words) == "inspect" and not _NO_READING.intersection(words):
        from imgkit.disks.native.spare import start_spare

        start_spare()


def load_commands(words: Sequence[str] | None = None) -> None:
    """Register the command that these words call, and of the others the names; all of them for None."""
    called = _called(words or ())
    for entry in CATALOGUE:
        if words is None or entry.name == called:
            import_module(entry.module)
        else:
            _register_name(entry)


def _called(words: Sequence[str]) -> str:
    return next((word for word in words if not word.startswith("-")), "")


def _register_name(entry: Entry) -> None:
    @app.command(entry.name, help=entry.summary)
    def only_named() -> None:
        raise AssertionError(f"{entry.name} was called without being imported")
