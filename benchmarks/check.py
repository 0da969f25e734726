"""Does an image set still hold: `imgkit check` against hashing the same files with the programs that people use.

A disk is exported, fetched and converted once, so that a set with its archive, a sparse raw disk and a qcow2 lies here.
`sha256sum -c SHA256SUMS` and `openssl dgst -sha256` then hash these files flat, holes included, and look at nothing
else. `imgkit check` holds the archive's SHA-256 and CRC-64 by parts, the chunk digests of both images' guest views, the
qcow2's SHA-256 and tables, and the record. `--deep` also unpacks the archive again and hashes the raw disk flat.
All runs alternate, with a warm page cache; the best counts. The peak of memory is imgkit's own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import IMGKIT, Measured, loopback_cloud, make_disk, measure, run

IMAGE_ID = "m-2zebenchmark000000001"
GOALS = {"sha256sum -c": 0.2, "openssl dgst -sha256": 0.6}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=int, default=20, help="size of the disk")
    words.add_argument("--data", type=Path, action="append", help="folder whose files fill the disk; repeatable")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--keep", type=Path, help="folder to make the set in and leave it, for the next time")
    options = words.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        compare(options.keep, options)
        return
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir="/var/tmp") as made:
        compare(Path(made), options)


def compare(place: Path, options: argparse.Namespace) -> None:
    folder = place / "set"
    if not (folder / "imgkit.json").exists():
        make_set(place, folder, options)
    files = [line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    sizes = [(folder / name).stat() for name in files]
    apparent, stored = sum(each.st_size for each in sizes), sum(each.st_blocks * 512 for each in sizes)
    print(f"{len(files)} files of {apparent / 2**30:.1f} GiB, of which {stored / 2**30:.1f} GiB are stored")
    peers = contestants(folder, files)
    rounds = [[measure(name, work) for name, work in peers.items()] for _ in range(options.rounds)]
    best = [min(each, key=lambda measured: measured.seconds) for each in zip(*rounds, strict=True)]
    report(best, folder)


def make_set(place: Path, folder: Path, options: argparse.Namespace) -> None:
    disks = place / "cloud" / "images" / IMAGE_ID
    disks.mkdir(parents=True, exist_ok=True)
    make_disk(disks / "system.raw", options.gib, options.data)
    with loopback_cloud(place / "cloud"):
        run(*IMGKIT, "fetch", IMAGE_ID, "--to", "raw", "--to", "qcow2", "--no-inspect", "-o", str(folder), "-q")
    run("sync")


def contestants(folder: Path, files: list[str]) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; imgkit's own come last."""

    def inside(*argv: str) -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    return {
        "sha256sum -c": lambda: inside("sha256sum", "-c", "--quiet", "SHA256SUMS"),
        "openssl dgst -sha256": lambda: inside("openssl", "dgst", "-sha256", *files),
        "imgkit check --deep": lambda: run(*IMGKIT, "check", str(folder), "--deep", "-q"),
        "imgkit check SHA256SUMS": lambda: run(*IMGKIT, "check", str(folder / "SHA256SUMS"), "-q"),
        "imgkit check": lambda: run(*IMGKIT, "check", str(folder), "-q"),
    }


def report(best: list[Measured], folder: Path) -> None:
    ours = best[-1]
    print(f"load {os.getloadavg()[0]:.1f}\n{'':26} {'time':>8} {'CPU':>8}   imgkit check takes")
    for each in best:
        ratio = f"{ours.seconds / each.seconds:.2f} of it" if each is not ours else ""
        goal = f" (goal: at most {GOALS[each.name]})" if each.name in GOALS else ""
        print(f"{each.name:26} {each.seconds:6.2f} s {each.cpu_seconds:6.2f} s   {ratio}{goal}")
    print(f"peak memory of imgkit check: {peak_mib(folder):.0f} MiB, with --deep: {peak_mib(folder, '--deep'):.0f} MiB")


def peak_mib(folder: Path, *words: str) -> float:
    """Run it once more under a parent of its own, whose largest child it is."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    argv = (sys.executable, "-c", script, *IMGKIT, "check", str(folder), "-q", *words)
    found = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return int(found) / 1024


if __name__ == "__main__":
    main()
