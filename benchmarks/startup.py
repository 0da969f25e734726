"""How long `imgkit --help` and a local command take to start, against a Python that does nothing."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import IMGKIT

ROUNDS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        disk = Path(made) / "disk.raw"
        disk.write_bytes(bytes(4096))
        empty = best(sys.executable, "-c", "pass")
        print(f"{'an empty Python':25} {empty * 1000:6.0f} ms")
        for name, words in {
            "imgkit --help": ["--help"],
            "imgkit info DISK": ["info", str(disk), "--format", "raw"],
        }.items():
            took = best(*IMGKIT, *words)
            print(f"{name:25} {took * 1000:6.0f} ms, {took / empty:.1f} times an empty Python")


def best(*argv: str) -> float:
    """Return the best of several runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - began)
    return min(times)


if __name__ == "__main__":
    main()
