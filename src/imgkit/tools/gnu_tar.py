"""GNU tar, which extracts one file from an archive that it is handed on its standard input."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import ToolError, ToolMissing
from imgkit.process import Running, Word, find_program, run, start

NAMES = ("tar", "gtar", "gnutar")
_VERSION = re.compile(rb"\A[^\n]*\(GNU tar\) (\d[\w.]*)")
_PLAIN_ENVIRONMENT = {"TAR_OPTIONS": ""}  # options that a user may have set for every call
_VERSION_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GnuTar:
    """A GNU tar on this machine."""

    path: Path
    version: str


def find_gnu_tar() -> GnuTar | None:
    """Return the GNU tar on the PATH, under whichever of its names; never bsdtar, busybox or another `tar`."""
    for name in NAMES:
        path = find_program(name)
        version = _version(path) if path else None
        if path and version:
            return GnuTar(path=path, version=version)
    return None


def require_gnu_tar() -> GnuTar:
    """Return the GNU tar on the PATH, or raise ToolMissing."""
    found = find_gnu_tar()
    if found is None:
        raise ToolMissing(
            "GNU tar is not installed; other programs named tar are not used, because they corrupt sparse files",
            hint="Install it (Debian, Fedora: tar; Homebrew: gnu-tar), or unpack with --tar builtin.",
        )
    return found


@contextmanager
def extracting(tar: GnuTar, *, stdout: int, folder: Path) -> Iterator[Running]:
    """Start an extraction of all that comes on standard input to the open file or pipe `stdout`.

    Into a file that can seek, GNU tar keeps the holes of sparse files; into a pipe it writes them out as zeroes, 512
    bytes at a time. `folder` is an empty one of our own: with --to-stdout no name in the archive is ever a path.
    """
    argv: list[Word] = [
        tar.path,
        "--extract",
        "--to-stdout",
        "--file=-",
        "--force-local",
        "--no-seek",
        "--blocking-factor=256",
    ]
    with start(argv, stdin=subprocess.PIPE, stdout=stdout, cwd=folder, env=_PLAIN_ENVIRONMENT) as running:
        yield running


def _version(path: Path) -> str | None:
    """Return the version of a GNU tar, None for any other program."""
    try:
        said = run([path, "--version"], timeout_seconds=_VERSION_SECONDS, env=_PLAIN_ENVIRONMENT).stdout
    except (ToolError, OSError):
        return None
    match = _VERSION.match(said)
    return match[1].decode() if match else None


@contextmanager
def packing(tar: GnuTar, folder: Path, name: str) -> Iterator[Running]:
    """Start packing one file of `folder`, with its holes, in the old format that every importer reads, to `stdout`."""
    argv: list[Word] = [
        tar.path,
        "--create",
        "--format=oldgnu",
        "--sparse",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=0644",
        "--mtime=@0",
        "--file=-",
        "--",
        name,
    ]
    with start(argv, cwd=folder, env=_PLAIN_ENVIRONMENT) as running:
        yield running
