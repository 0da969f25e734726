"""Unpacks every archive of a folder with both engines, in this one process, and tells what became of each.

    python -m tests.integration.unpack_worker ARCHIVES SCRATCH

One JSON line each: how the command ended, what it said, what it left, and how large this process has ever been.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from tests.unit.cli.command_line import imgkit


def main() -> None:
    archives, scratch = Path(sys.argv[1]), Path(sys.argv[2])
    for archive in sorted(archives.iterdir()):
        for engine in ("builtin", "gnu"):
            out = scratch / "out"
            ended = imgkit("unpack", archive, "-o", out, "--tar", engine, "--json")
            left = sorted(each.name for each in out.iterdir()) if out.exists() else []
            told = {
                "name": archive.name,
                "engine": engine,
                "code": ended.code,
                "err": ended.err,
                "sha256": json.loads(ended.out).get("sha256", ""),
                "left": left,
                "stored_bytes": sum(each.stat().st_blocks * 512 for each in out.iterdir()) if left else 0,
                "peak_bytes": peak_bytes(),
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            shutil.rmtree(out, ignore_errors=True)


def peak_bytes() -> int:
    """What the kernel counts from the start of this program on; getrusage counts its parent's memory too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
