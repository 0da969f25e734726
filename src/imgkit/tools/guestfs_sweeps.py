"""Questions about a whole tree at once, answered inside the appliance: for the worker alone.

Each call to the appliance costs milliseconds, under software emulation tens of them; a tree of 11,000 files asked one
by one takes minutes, and by these about three seconds. They are programs of coreutils, findutils and attr, which
libguestfs needs in its appliance anyway, and they run through `debug sh`, which guestfs(3) does not promise to keep:
where one fails, whoever asked goes the slow way. Names pass between the programs ended by NUL, never as words of a
shell.
"""

from __future__ import annotations

import base64
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


class SweepFailed(Exception):
    """The programs said something on their standard error, so their answer is not to be trusted."""


def sweep(kind: str, run: Callable[[str], str]) -> Iterator[bytes]:
    """Yield the gzip of the answer in parts. `run` runs a line in the appliance's shell. Raises SweepFailed."""
    said = run(f"( cd /sysroot && export LC_ALL=C && {_SWEEPS[kind]} ) 2>{_SAID} | gzip -1 >{_FOUND}; cat {_SAID}")
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
