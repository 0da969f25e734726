"""The real work of an export: GNU tar into gzip, and qemu-img for the other formats."""

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Event

from imgkit.errors import ToolFailed
from imgkit.process import require_program, start
from imgkit.simulator.object_names import QEMU_FORMATS
from imgkit.simulator.object_store import Incoming
from imgkit.units import MiB

Advance = Callable[[float], None]  # told the share of the work that is done, 0 to 1

_GZIP_WINDOW = 31  # zlib's word for a gzip header and the largest window
_PERCENT = re.compile(rb"\((\d+(?:\.\d+)?)/100%\)")
_CREATE_OPTIONS = {"vhd": "subformat=dynamic,force_size=on"}


class Cancelled(Exception):
    """Somebody cancelled the export."""


def pack(
    source: Path, member: str, out: Incoming, *, sparse: bool, level: int, cancelled: Event, advance: Advance
) -> None:
    """Write a .tar.gz with one member, the way the service does it: by GNU tar."""
    tar = require_program("gtar", "tar", package="tar")
    total = max(1, source.stat().st_blocks * 512 if sparse else source.stat().st_size)
    compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW)
    passed = 0
    with start(tar_command(tar, source, member, sparse=sparse)) as child:
        while piece := child.stdout.read(MiB):
            _stop_if(cancelled)
            out.write(compressor.compress(piece))
            passed += len(piece)
            advance(min(1.0, passed / total))
        _check(child.wait(), "tar", child.stderr_tail)
    out.write(compressor.flush())


def tar_command(tar: Path, source: Path, member: str, *, sparse: bool) -> list[str | Path]:
    """Return the command that archives one disk under another name."""
    return [
        tar,
        "--create",
        "--file=-",
        "--format=gnu",
        *(["--sparse"] if sparse else []),
        "--owner=root:0",
        "--group=root:0",
        "--mode=0644",
        f"--transform=s|.*|{member}|",  # names are made of letters, digits, hyphens, underscores and dots
        f"--directory={source.parent.absolute()}",
        "--",
        source.name,
    ]


def copy(source: Path, out: Incoming, *, cancelled: Event, advance: Advance) -> None:
    """Take a disk as it is."""
    total = max(1, source.stat().st_size)
    with source.open("rb") as file:
        while piece := file.read(MiB):
            _stop_if(cancelled)
            out.write(piece)
            advance(min(1.0, out.size / total))


def convert(source: Path, target: Path, image_format: str, *, cancelled: Event, advance: Advance) -> None:
    """Convert a raw disk by qemu-img."""
    qemu_img = require_program("qemu-img", package="qemu-utils")
    options = _CREATE_OPTIONS.get(image_format)
    command: list[str | Path] = [
        qemu_img,
        "convert",
        "-p",
        *("-f", "raw"),
        *("-O", QEMU_FORMATS[image_format]),
        *(("-o", options) if options else ()),
        source.absolute(),
        target.absolute(),
    ]
    with start(command) as child:
        while words := child.stdout.read(32):
            _stop_if(cancelled)
            for percent in _PERCENT.findall(words):
                advance(float(percent) / 100)
        _check(child.wait(), "qemu-img", child.stderr_tail)


def _stop_if(cancelled: Event) -> None:
    if cancelled.is_set():
        raise Cancelled


def _check(returncode: int, program: str, stderr_tail: str) -> None:
    if returncode:
        raise ToolFailed(
            f"{program} failed with exit code {returncode}: {stderr_tail}",
            returncode=returncode,
            stderr_tail=stderr_tail,
        )
