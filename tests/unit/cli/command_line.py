"""The command line in this process: what a command gives on both streams, and how it ends."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from imgkit.cli.loading import app, load_commands
from imgkit.services import Services


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document on standard output; anything beside it is an error."""
        return json.loads(self.out)


def imgkit(*words: object, given: str = "") -> Ended:
    """Run a command; `given` is what stands on standard input."""
    load_commands()
    result = CliRunner().invoke(app, [str(word) for word in words], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def opening(services: Services) -> Callable[..., Services]:
    """Stand for `open_services`: these services, with the flags that were given."""

    def opened(**flags: object) -> Services:
        services.settings = services.settings.override(**flags)
        return services

    return opened
