"""What every command has: the shared options, a console, and one place where errors become words and exit codes."""

import errno
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from imgkit.cli.catalogue import CATALOGUE
from imgkit.cli.console import Console, open_console
from imgkit.cli.redaction import harmless, redact
from imgkit.errors import ImgkitError, LocalError, ToolFailed
from imgkit.files.sparse import local_error
from imgkit.safe_text import safe_text

INTERRUPTED = 130
TERMINATED = 143
_REPORT_IT = "please report it with the output of the same command with --debug; nothing is lost by it"
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}
_ENDING = (signal.SIGTERM, signal.SIGHUP)

Registrar = Callable[[Callable[..., None]], Callable[..., None]]

_PANEL = "Everywhere"
_SHARED = {
    "json": Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON document.", rich_help_panel=_PANEL)
    ],
    "verbose": Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say more; twice for everything.", rich_help_panel=_PANEL)
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.", rich_help_panel=_PANEL)],
    "log_file": Annotated[
        Path | None,
        typer.Option("--log-file", help="Write everything to this file too, in UTC.", rich_help_panel=_PANEL),
    ],
    "debug": Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_PANEL)],
}
_DEFAULTS: dict[str, Any] = {"json": False, "verbose": 0, "quiet": False, "log_file": None, "debug": False}


class Terminated(BaseException):
    """SIGTERM, or a terminal that went away: the work stops as with Ctrl-C, and the exit code says which it was."""


def command(app: typer.Typer, name: str) -> Registrar:
    """Register a function as a command: its first parameter is a Console, the rest are Typer's."""
    summary = next((entry.summary for entry in CATALOGUE if entry.name == name), None)

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, short_help=summary)(_with_shared_options(function))
        return function

    return register


def _with_shared_options(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def wrapped(**words: Any) -> None:
        shared = {option: words.pop(option) for option in _SHARED}
        told: list[Mapping[str, Any]] = []
        with _errors_become_words(told, json=shared["json"], debug=shared["debug"]), open_console(**shared) as console:
            function(replace(console, results=told), **words)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[option], annotation=kind)
        for option, kind in _SHARED.items()
    ]
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    wrapped.__signature__ = inspect.Signature([*keywords, *shared])  # type: ignore[attr-defined]  # read by Typer
    wrapped.__annotations__ = {each.name: each.annotation for each in [*keywords, *shared]}
    del wrapped.__wrapped__  # else the options of the inner function are read
    return wrapped


@contextmanager
def _errors_become_words(told: list[Mapping[str, Any]], *, json: bool, debug: bool) -> Iterator[None]:
    previous = _listen()
    try:
        yield
    except ImgkitError as error:
        _tell_error(error, json=json and not told, debug=debug)
        raise typer.Exit(error.exit_code) from None
    except (KeyboardInterrupt, Terminated, typer.Abort) as stop:  # Abort is Ctrl-C at a question
        _tell_interruption(stop)
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None
    except (typer.Exit, typer.BadParameter):  # Typer itself tells of wrong words
        raise
    except Exception as error:  # noqa: BLE001  # anything else is a bug of ours, and says so
        local = _local(error)
        if local is not None:
            _tell_error(local, json=json and not told, debug=debug)
            raise typer.Exit(local.exit_code) from None
        _tell_bug(error, json=json and not told, debug=debug)
        raise typer.Exit(1) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _listen() -> dict[int, Any]:
    """Let signals end the work by an exception from here on, those apart that are ignored, as nohup asks for."""
    previous: dict[int, Any] = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in previous.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _terminate)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # until here it ended the program at once
    return previous


def _local(error: Exception) -> LocalError | None:
    """Return what this machine's disk did to us, where nobody nearer has put it into words; None for a bug."""
    if not isinstance(error, OSError) or (error.filename is None and error.errno not in _DISK):
        return None
    told = local_error(error, Path(os.fsdecode(error.filename or "the result")))
    told.__cause__ = error
    return told


def _terminate(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  # the signature of a handler
    raise Terminated


def _tell_error(error: ImgkitError, *, json: bool, debug: bool) -> None:
    _trace(error, debug=debug)
    if json:
        _give_document(error, error.message, hint=error.hint, exit_code=error.exit_code)
    sys.stderr.write(redact(f"imgkit: {safe_text(error.message)}\n"))
    if isinstance(error, ToolFailed) and error.stderr_tail and debug:
        sys.stderr.write(harmless(redact(error.stderr_tail)) + "\n")
    if error.hint:
        sys.stderr.write(harmless(redact(f"hint: {error.hint}")) + "\n")


def _give_document(error: Exception, message: str, *, hint: str, exit_code: int) -> None:
    told = {"kind": type(error).__name__, "message": redact(message), "hint": redact(hint), "exit_code": exit_code}
    Console(json=True).result("", {"error": told})


def _trace(error: Exception, *, debug: bool) -> None:
    if debug:
        sys.stderr.write(harmless(redact("".join(traceback.format_exception(error)))) + "\n")


def _tell_interruption(stop: BaseException) -> None:
    how = "terminated" if isinstance(stop, Terminated) else "interrupted"
    for note in getattr(stop, "__notes__", []):
        sys.stderr.write(f"{note}\n")
    sys.stderr.write(f"imgkit: {how}; what is finished is kept, and the same command goes on from there\n")


def _tell_bug(error: Exception, *, json: bool, debug: bool) -> None:
    _trace(error, debug=debug)
    if json:
        _give_document(error, f"this is a bug: {error}", hint=_REPORT_IT, exit_code=1)
    sys.stderr.write(redact(f"imgkit: this is a bug: {type(error).__name__}: {safe_text(str(error))}\n"))
    sys.stderr.write(f"hint: {_REPORT_IT}\n")
