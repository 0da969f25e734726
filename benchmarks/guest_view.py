"""Are a raw disk and its other image the same disk: `imgkit compare` against the programs that people use for it.

`qemu-img compare` compares bytes, once, and leaves nothing behind; it calls disks of different sizes identical.
`sha256sum` and `openssl dgst` hash two raw disks flat, holes included: to use them on the other image it must be made
raw first, which is not counted. `imgkit compare` reads both images, compares their exact sizes and every byte, and
prints the root of SHA-256 chunk digests that both have. All runs alternate, with a warm page cache; the best counts.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import IMGKIT, Measured, make_disk, measure, run


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=int, default=20, help="size of the disk")
    words.add_argument("--data", type=Path, action="append", help="folder whose files fill the disk; repeatable")
    words.add_argument("--format", default="qcow2", choices=("qcow2", "vpc", "vdi", "vmdk", "vhdx"))
    words.add_argument("--option", default="", help="options of qemu-img for that format")
    words.add_argument("--compress", action="store_true", help="compress the other image (qcow2)")
    words.add_argument("--rounds", type=int, default=3)
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir="/var/tmp") as made:
        raw, other = make_disks(Path(made), options)
        peers = contestants(raw, other, options.format)
        rounds = [[measure(name, work) for name, work in peers.items()] for _ in range(options.rounds)]
    best = [min(each, key=lambda measured: measured.seconds) for each in zip(*rounds, strict=True)]
    report(best)


def make_disks(folder: Path, options: argparse.Namespace) -> tuple[Path, Path]:
    """Return a raw disk with an ext4 file system, and the same disk in the other format."""
    raw, other = folder / "disk.raw", folder / "disk.other"
    make_disk(raw, options.gib, options.data)
    chosen = ["-o", options.option] if options.option else []
    packed = ["-c"] if options.compress else []
    run("qemu-img", "convert", *packed, "-f", "raw", "-O", options.format, *chosen, str(raw), str(other))
    run("sync")
    print(f"as {options.format} {other.stat().st_blocks * 512 / 2**30:.2f} GiB")
    return raw, other


def contestants(raw: Path, other: Path, of_format: str) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; imgkit comes last. The peers that hash files hash the raw disk twice."""
    pair = [str(raw), str(other)]
    return {
        "qemu-img compare": lambda: run("qemu-img", "compare", "-f", "raw", "-F", of_format, *pair),
        "openssl dgst -sha256, both as raw": lambda: run("openssl", "dgst", "-sha256", str(raw), str(raw)),
        "sha256sum, both as raw": lambda: run("sha256sum", str(raw), str(raw)),
        "imgkit hash --guest, both": lambda: [run(*IMGKIT, "hash", "--guest", each, "-q") for each in pair] and None,
        "imgkit compare": lambda: run(*IMGKIT, "compare", *pair, "-q"),
    }


def report(best: list[Measured]) -> None:
    ours = best[-1]
    load = os.getloadavg()[0]
    print(f"load {load:.1f}\n{'':38} {'time':>8} {'CPU':>8}   imgkit compare takes")
    for each in best:
        ratio = f"{ours.seconds / each.seconds:.2f} of it" if each is not ours else ""
        print(f"{each.name:38} {each.seconds:6.2f} s {each.cpu_seconds:6.2f} s   {ratio}")


if __name__ == "__main__":
    main()
