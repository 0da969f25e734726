"""The versions of programs, for the record: one way to ask, whichever program it is."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from imgkit.errors import ToolError
from imgkit.process import programs_started, run

_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:p\d+)?(?:-rc\d+)?")
_ASKING_SECONDS = 20.0
# Programs that know no --version; ssh-keygen has no version of its own, and ssh comes from the same package.
_WORDS = {"minisign": ("-v",), "ssh-keygen": ("-V",), "ewfacquirestream": ("-V",), "ewfverify": ("-V",)}
_WORDS |= {"ewfexport": ("-V",)}
_ASKED_INSTEAD = {"ssh-keygen": "ssh"}


def versions_of_started() -> tuple[tuple[str, str], ...]:
    """Return name and version of every program that this process has started so far, by name."""
    return tuple(sorted(versions_of(programs_started()).items()))


def versions_of(programs: Iterable[Path]) -> dict[str, str]:
    """Return the version of each program by its name; `unknown` where it does not tell."""
    return {path.name: version_of(path) for path in programs if path.name not in _ASKED_INSTEAD.values()}


@cache
def version_of(path: Path) -> str:
    """Ask a program for its version."""
    asked = path.with_name(_ASKED_INSTEAD.get(path.name, path.name))
    words = _WORDS.get(path.name, ("--version",))
    try:
        done = run([asked, *words], timeout_seconds=_ASKING_SECONDS, accept=range(256))
    except (ToolError, OSError):
        return "unknown"
    return parse_version(done.stdout.decode("utf-8", "replace") or done.stderr_tail)


def parse_version(said: str) -> str:
    """Return the first number that looks like a version out of `OpenSSH_9.2p1 Debian-2`; `unknown` without one."""
    found = _NUMBER.search(said)
    return found[0] if found else "unknown"
