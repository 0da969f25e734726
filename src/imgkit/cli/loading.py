"""The application with the command that is called, and the names of all others."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from imgkit.cli.app import app
from imgkit.cli.catalogue import CATALOGUE, Entry

__all__ = ["app", "load_commands", "start"]

_COMPLETION = "_IMGKIT_COMPLETE"  # set by the shell while it completes: then every command must be known
_NO_READING = {"--help", "--list", "guestfs", "--engine=guestfs"}


def start() -> None:
    """Load the command that is called, and run it."""
    _hold_standard_streams()
    _load()
    app()


def _hold_standard_streams() -> None:
    """Put nothing in the place of a stream that was closed (`<&-`, `>&-`), before another file gets its number."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(handle, True)
    os.close(handle)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  # stays open
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115  # stays open
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115  # stays open


def _load() -> None:
    gc.disable()  # what is loaded stays until the end: looking for waste in it costs time and finds none
    if _COMPLETION in os.environ:
        load_commands()
    else:
        _read_ahead(sys.argv[1:])
        load_commands(sys.argv[1:])
    gc.freeze()
    gc.enable()


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
