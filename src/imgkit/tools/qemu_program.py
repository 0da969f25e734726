"""How programs of QEMU's family are started: with explicit nodes, within bounds, and never outliving us."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from imgkit.errors import ToolFailed, ToolTooOld
from imgkit.process import Limits, Word, require_program, run
from imgkit.units import GiB

Node = Mapping[str, object]

# The oldest that a supported distribution ships (Ubuntu 22.04); zstd in qcow2 came with 5.1.
MINIMUM_VERSION = (6, 2)
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")
PACKAGE = "Debian and Ubuntu: qemu-utils; Fedora: qemu-img; Homebrew: qemu"

# A header can ask for tables of some 100 MiB; thread stacks and malloc's arenas take a few GiB of address space.
ADDRESS_SPACE_BYTES = 8 * GiB


def json_name(node: Node) -> str:
    """Return a node as the pseudo file name that every program of QEMU's family takes for an image to read."""
    return "json:" + json.dumps(node, default=dict)


def tied_to_us(argv: Sequence[Word]) -> list[Word]:
    """Let the kernel kill the program when we die, where setpriv(1) is there to ask for it.

    The kernel counts the death of the thread that started the program, so that thread must outlive it.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(argv)
    return [setpriv, "--pdeathsig", "KILL", "--", *argv]


def bounded(cpu_seconds: int | None) -> Limits:
    """Return the limits for a program that works on an untrusted header."""
    return Limits(address_space_bytes=ADDRESS_SPACE_BYTES, cpu_seconds=cpu_seconds)


def require(name: str) -> Path:
    """Return the program's path. Raises ToolMissing, and ToolTooOld below the minimum."""
    found = require_program(name, package=PACKAGE)
    version_of(found)
    return found


@cache
def version_of(program: Path) -> str:
    """Return a program's version, `7.2.22`. Raises ToolTooOld below the minimum."""
    said = run([program, "--version"], timeout_seconds=30).stdout.decode("utf-8", "replace")
    version = parse_version(said)
    if tuple(int(part) for part in version.split(".")) < MINIMUM_VERSION:
        raise ToolTooOld(
            f"{program.name} is version {version}, and imgkit needs {'.'.join(map(str, MINIMUM_VERSION))} or later",
            hint=f"Install a newer one ({PACKAGE}).",
        )
    return version


def parse_version(said: str) -> str:
    """Return the version out of `qemu-img version 7.2.22 (Debian …)` or `qemu-nbd 9.0.0-rc1`. Raises ToolFailed."""
    found = _VERSION.search(said)
    if found is None:
        raise ToolFailed(f"qemu told its version as {said[:80]!r}, which is none", hint="Is it the real program?")
    return found[0]
