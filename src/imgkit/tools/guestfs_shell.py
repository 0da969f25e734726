"""What is asked of the appliance's own shell: a whole tree at once, and the kernel's names of drives.

Each call to the appliance costs milliseconds, under software emulation tens of them; a tree of 11,000 files asked one
by one takes minutes, and by these about three seconds. They are programs of coreutils, findutils and attr, which
libguestfs needs in its appliance anyway, and they run through `debug sh`, which guestfs(3) does not promise to keep:
where one fails, whoever asked goes the slow way. Names pass between the programs ended by NUL, never as words of a
shell. Like `guestfs_worker.py`, for the standard library of Python 3.9.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterator

MOST_ENTRIES = 300_000
_PART_BYTES = 1_500_000  # libguestfs' messages take 4 MiB, and base64 makes it a third more
_FOUND, _SAID = "/tmp/imgkit.found", "/tmp/imgkit.said"  # noqa: S108  # in the appliance, which is ours alone
STAT_FORMAT = "%d %i %f %h %u %g %s %.9X %.9Y %.9Z %.9W %n"
_SWEEPS = {
    "stat": f"find . -print0 | head -z -n {MOST_ENTRIES + 1} | xargs -0 -r stat --printf='{STAT_FORMAT}\\0'",
    "links": "find . -type l -printf '%p\\0%l\\0'",
    "sha256": "find . -type f -print0 | xargs -0 -r sha256sum -z --",
    "xattrs": f"find . -print0 | head -z -n {MOST_ENTRIES + 1} | xargs -0 -r getfattr -h -d -m - -e hex --",
}


_EXTENT = re.compile(rb"\s*\d+:\s*(?P<first>\d+)\.\.\s*\d+:\s*\d+\.\.\s*\d+:\s*(?P<length>\d+):(?P<flags>.*)")
_HEAD_LINES = 3  # before the extents
_LONGEST_SECONDS = 60
_DRIVE = re.compile(r"/dev/[hsv]d(?P<letters>[a-z]+)(?P<number>[0-9]*)")
_LIST_DRIVES = "for one in /sys/block/sd*; do echo ${one##*/} $(readlink -f $one/device); done"


class SweepFailed(Exception):
    """The programs said something on their standard error, so their answer is not to be trusted."""


def sweep(kind: str, run: Callable[[str], str]) -> Iterator[bytes]:
    """Yield the gzip of the answer in parts. `run` runs a line in the appliance's shell. Raises SweepFailed."""
    yield from _answer(_SWEEPS[kind], run)


def stored(path: bytes, most: int, run: Callable[[str], str]) -> list[list[int]]:
    """Return where a file is more than a hole, as offsets and lengths; `path` is free of links. Raises SweepFailed.

    filefrag asks the kernel for the extents (FIEMAP) and reads nothing; what is set aside and unwritten is a hole. Any
    byte of a path passes through the shell as an octal number, and an `x` behind it keeps ends of lines from being cut.
    """
    octal = "".join(f"\\{byte:03o}" for byte in path)
    ask = f"name=$(printf '{octal}x') && timeout {_LONGEST_SECONDS} filefrag -e -b1 \"/sysroot${{name%x}}\""
    unzip = zlib.decompressobj(wbits=31)
    text = b"".join(unzip.decompress(part) for part in _answer(f"{ask} | head -n {most + _HEAD_LINES}", run))
    rows = (_EXTENT.match(line) for line in text.splitlines())
    found = [(int(row["first"]), int(row["length"])) for row in rows if row and b"unwritten" not in row["flags"]]
    return [list(one) for one in found[:most]]


def _answer(line: str, run: Callable[[str], str]) -> Iterator[bytes]:
    said = run(f"( cd /sysroot && export LC_ALL=C && {line} ) 2>{_SAID} | gzip -1 >{_FOUND}; cat {_SAID}")
    if said.strip():
        raise SweepFailed(said.strip()[:300])
    offset = 0
    while True:
        part = run(f"tail -c +{offset + 1} {_FOUND} | head -c {_PART_BYTES} | base64 -w0")
        block = base64.b64decode(part)
        if not block:
            break
        yield block
        offset += len(block)
    run(f"rm -f {_FOUND} {_SAID}")


def true_devices(run: Callable[[str], str]) -> list[str]:
    """Return the kernel's names of the drives in the order of their SCSI targets, which is that of adding them."""
    rows = [line.split() for line in run(_LIST_DRIVES).splitlines()]
    targets = {int(path.rsplit("/", 1)[1].split(":")[2]): name for name, path in (row for row in rows if len(row) == 2)}
    return [f"/dev/{targets[number]}" for number in sorted(targets)]


def true_name(device: str, devices: list[str]) -> str:
    """Turn libguestfs' name of a drive or partition into the kernel's; what is neither keeps its own."""
    match = _DRIVE.fullmatch(device)
    if match is None:
        return device
    number = 0
    for letter in match["letters"]:
        number = number * 26 + ord(letter) - ord("a") + 1
    return devices[number - 1] + match["number"]
