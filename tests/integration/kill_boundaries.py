"""Run one imgkit command again and again, killed just before or after the next durable change, then let it go on.

A program of its own, with imgkit imported once and a fork for each run: `STEP FOLDER WORD...`. Of all changes (a
rename, a removal, an fsync) every STEPth is tried, in a fresh FOLDER/N.
It prints a line of JSON with what did not hold.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from imgkit.cli.loading import load_commands
from imgkit.cli.main import run

_KILLED = 9
_MOMENTS = ("replace", "unlink", "fsync")


def main(step: int, folder: Path, words: list[str]) -> None:
    """Try the moments, and print how many there were and what went wrong."""
    load_commands()
    wrong: list[str] = []
    for moment in count(1, step):
        words_here = [*words, "-o", str(folder / str(moment))]
        ended, said = _fork(words_here, moment)
        if ended != _KILLED:
            wrong += [f"moment {moment}: it ended with {ended}: {said}"] if ended else []
            break
        for again in (words_here, ["check", str(folder / str(moment))]):
            ended, said = _fork(again, 0)
            if ended:
                wrong.append(f"moment {moment}: {again[0]} ended with {ended}: {said}")
                break
    sys.stdout.write(json.dumps({"moments": moment - 1, "wrong": wrong}))


def _fork(words: list[str], moment: int) -> tuple[int, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os._exit(_run(words, moment, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        said = told.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def _run(words: list[str], moment: int, writing: int) -> int:
    sys.argv = ["imgkit", *words]
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    if moment:
        _arm(moment)
    try:
        run()
    except SystemExit as stop:
        os.write(writing, sys.stderr.getvalue()[-2000:].encode())
        return int(stop.code or 0)
    return 0


def _arm(moment: int) -> None:
    """Die at the given change: at odd ones before it, at even ones after."""
    seen = count(1)

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            is_last = next(seen) == moment
            if is_last and moment % 2:
                os._exit(_KILLED)
            try:
                return real(*args, **named)
            finally:
                if is_last:
                    os._exit(_KILLED)

        return call

    for name in _MOMENTS:
        setattr(os, name, deadly(getattr(os, name)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
