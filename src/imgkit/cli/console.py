"""Where words go: results to standard output, all the rest to standard error; text or one JSON document."""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from imgkit.cli.bars import BarHandler, TqdmProgress
from imgkit.cli.redaction import Redaction, harmless
from imgkit.errors import NotAccessible
from imgkit.progress import NULL_PROGRESS, Progress

_PIECES_IN_A_BLOCK = 4096
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What a command talks to."""

    json: bool = False
    quiet: bool = False
    debug: bool = False
    progress: Progress = NULL_PROGRESS
    results: list[Mapping[str, Any]] = field(default_factory=list)
    """What was given as a result; with --json there is one document, so an error after it is told in words alone."""

    def result(self, text: str, data: Mapping[str, Any]) -> None:
        """Give the command's result: `data` as one JSON document with --json, else `text`."""
        self.results.append(data)
        if self.json:
            encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=True, indent=2)
            sys.stdout.writelines(map(harmless, _blocks(encoder.iterencode(data))))
            sys.stdout.write("\n")
        elif text:
            sys.stdout.writelines(f"{harmless(line)}\n" for line in text.rstrip("\n").split("\n"))
        sys.stdout.flush()

    def say(self, words: str) -> None:
        """Tell how the work goes; silent with --quiet."""
        if not self.quiet:
            self._write(words)

    def warn(self, words: str) -> None:
        """Tell what a user must know, whatever the flags."""
        self._write(f"warning: {words}")

    def _write(self, words: str) -> None:
        words = harmless(words)
        if isinstance(self.progress, TqdmProgress):
            self.progress.write(words)
        else:
            sys.stderr.write(words + "\n")
            sys.stderr.flush()


def _blocks(pieces: Iterator[str]) -> Iterator[str]:
    """Yield a document piece by piece: a large report's text at once would need more memory than the report."""
    while block := "".join(islice(pieces, _PIECES_IN_A_BLOCK)):
        yield block


@contextmanager
def open_console(*, json: bool, verbose: int, quiet: bool, log_file: Path | None, debug: bool) -> Iterator[Console]:
    """Set up logging and progress for one command."""
    draws = sys.stderr.isatty() and not quiet
    handlers = [_screen_handler(verbose, quiet=quiet)]
    if log_file is not None:
        handlers.append(_file_handler(log_file))
    root = logging.getLogger("imgkit")
    before = root.level, root.propagate
    root.setLevel(logging.DEBUG)
    root.propagate = False
    for handler in handlers:
        handler.addFilter(Redaction())
        root.addHandler(handler)
    try:
        yield Console(json=json, quiet=quiet, debug=debug, progress=TqdmProgress() if draws else NULL_PROGRESS)
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(before[0])
        root.propagate = before[1]


def _screen_handler(verbose: int, *, quiet: bool) -> logging.Handler:
    handler = BarHandler()
    handler.setLevel(logging.ERROR if quiet else _LEVELS[min(verbose, len(_LEVELS) - 1)])
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    return handler


def _file_handler(path: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise NotAccessible(
            f"cannot write the log {path}: {error.strerror}", hint="Choose another --log-file."
        ) from error
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.setLevel(logging.DEBUG)
    return handler
