"""The `imgkit` program: the application with all of its commands."""

from imgkit.cli import (  # noqa: F401  # importing a command registers it
    check,
    clean,
    convert,
    demo,
    download,
    export,
    fetch,
    images,
    info,
    inspect,
    simulator,
    tasks,
    unpack,
)
from imgkit.cli.app import app

__all__ = ["app", "run"]


def run() -> None:
    """Run the command line; the program's entry point."""
    app()
