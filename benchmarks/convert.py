"""One disk image into another format: `imgkit convert` against `qemu-img convert`, with and without a proof.

The peer's proof is `qemu-img compare`, which calls disks of different sizes identical; imgkit's compares every byte and
the exact size, takes chunk digests, and the SHA-256 of the result. Each run is followed by `sync`; runs alternate, and
the best of each counts.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import IMGKIT, Measured, make_disk, measure, run

CONVERT = (*IMGKIT, "convert", "-q")
KINDS = {
    "qcow2": ("qcow2", (), ("--to", "qcow2")),
    "vmdk": ("vmdk", (), ("--to", "vmdk")),
    "vdi": ("vdi", (), ("--to", "vdi")),
    "vhd": ("vpc", ("-o", "force_size=on"), ("--to", "vhd")),
    "streamOptimized": ("vmdk", ("-o", "subformat=streamOptimized"), ("--to", "vmdk", "--compress")),
    "qcow2, zstd": ("qcow2", ("-c", "-o", "compression_type=zstd"), ("--to", "qcow2", "--compress")),
}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=int, default=20, help="size of the disk")
    words.add_argument("--data", type=Path, action="append", help="folder whose files fill the disk; repeatable")
    words.add_argument("--kind", action="append", choices=KINDS, help="what to convert to; all by default")
    words.add_argument("--rounds", type=int, default=2)
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir="/var/tmp") as made:
        raw = Path(made) / "disk.raw"
        make_disk(raw, options.gib, options.data)
        for kind in options.kind or KINDS:
            rounds = [run_all(kind, raw, Path(made)) for _ in range(options.rounds)]
            report(kind, [min(each, key=lambda one: one.seconds) for each in zip(*rounds, strict=True)])


def run_all(kind: str, raw: Path, folder: Path) -> list[Measured]:
    qemu_format, qemu_options, ours = KINDS[kind]
    theirs, mine = folder / "theirs", folder / "mine"
    convert = ("qemu-img", "convert", "-f", "raw", "-O", qemu_format, *qemu_options, str(raw), str(theirs))
    compare = ("qemu-img", "compare", "-f", "raw", "-F", qemu_format, str(raw), str(theirs))
    works = {
        "qemu-img convert": lambda: run(*convert),
        "imgkit convert --no-verify": lambda: run(*CONVERT, *ours, "--no-verify", str(raw), "-o", str(mine)),
        "qemu-img convert + compare": lambda: (run(*convert), run(*compare)),
        "imgkit convert, proven": lambda: run(*CONVERT, *ours, str(raw), "-o", str(mine)),
    }
    found = []
    for name, work in works.items():
        for old in folder.glob("*theirs*"), folder.glob("*mine*"):
            for path in old:  # to give its room back takes time, and is nobody's work
                path.unlink()
        run("sync")
        found.append(measure_synced(name, work))
    return found


def measure_synced(name: str, work: Callable[[], object]) -> Measured:
    return measure(name, lambda: (work(), run("sync")))


def report(kind: str, best: list[Measured]) -> None:
    print(f"\n{kind}")
    for number, each in enumerate(best):
        peer = best[number - 1]
        ratio = f"   {each.seconds / peer.seconds:.2f} in time, {each.cpu_seconds / peer.cpu_seconds:.2f} in CPU"
        print(f"  {each.name:30} {each.seconds:6.2f} s {each.cpu_seconds:6.2f} s of CPU{ratio if number % 2 else ''}")
    print(f"  proven, against qemu-img convert alone: {best[3].seconds / best[0].seconds:.2f}", flush=True)


if __name__ == "__main__":
    main()
