"""Images of random history: seeded writes, zeroes, discards, snapshots, resizes and compressed writes by qemu-io."""

import subprocess
from pathlib import Path
from random import Random

from imgkit.model.formats import DiskFormat
from imgkit.units import KiB, MiB

_SNAPSHOTS_MOST = 3
# The format as QEMU calls it, its options, and whether it can discard, compress, shrink and take snapshots.
SHAPES: dict[str, tuple[DiskFormat, str, str]] = {
    "qcow2-512": (DiskFormat.QCOW2, "qcow2", "cluster_size=512"),
    "qcow2-1k-v2": (DiskFormat.QCOW2, "qcow2", "cluster_size=1k,compat=0.10"),
    "qcow2-4k": (DiskFormat.QCOW2, "qcow2", "cluster_size=4k,lazy_refcounts=on"),
    "qcow2-16k-extended": (DiskFormat.QCOW2, "qcow2", "cluster_size=16k,extended_l2=on"),
    "qcow2-64k": (DiskFormat.QCOW2, "qcow2", ""),
    "qcow2-64k-v2": (DiskFormat.QCOW2, "qcow2", "compat=0.10"),
    "qcow2-64k-zstd": (DiskFormat.QCOW2, "qcow2", "compression_type=zstd"),
    "qcow2-128k-extended-zstd": (
        DiskFormat.QCOW2,
        "qcow2",
        "cluster_size=128k,extended_l2=on,compression_type=zstd",
    ),
    "qcow2-2m": (DiskFormat.QCOW2, "qcow2", "cluster_size=2M"),
    "qcow2-metadata": (DiskFormat.QCOW2, "qcow2", "preallocation=metadata"),
    "qcow2-refcounts-1": (DiskFormat.QCOW2, "qcow2", "refcount_bits=1"),
    "vdi": (DiskFormat.VDI, "vdi", ""),
    "vdi-static": (DiskFormat.VDI, "vdi", "static=on"),
    "vhd": (DiskFormat.VHD, "vpc", "force_size=on"),
    "vhd-fixed": (DiskFormat.VHD, "vpc", "subformat=fixed,force_size=on"),
    "vmdk": (DiskFormat.VMDK, "vmdk", ""),
    "vmdk-zeroed": (DiskFormat.VMDK, "vmdk", "zeroed_grain=on"),
    "vhdx": (DiskFormat.VHDX, "vhdx", "block_size=1M"),
    "vhdx-fixed": (DiskFormat.VHDX, "vhdx", "subformat=fixed"),
}


def make_random_image(path: Path, shape: str, seed: int) -> None:
    """Write an image of this shape with a history of its own."""
    rng = Random(f"{shape} {seed}")
    form, name, options = SHAPES[shape]
    sectors = rng.choice((1, 3, rng.randrange(1, 64), rng.randrange(64, 16 * MiB // 512)))
    asked = ["-o", options] if options else []
    _run("qemu-img", "create", "-q", "-f", name, *asked, path, str(sectors * 512))
    for _ in range(rng.randrange(1, 4)):
        commands = [_command(rng, sectors, form, options) for _ in range(rng.randrange(1, 12))]
        words = [word for each in commands for word in ("-c", each)]
        # What is there already QEMU does not write again compressed.
        _run("qemu-io", "-f", name, "-d", "unmap", *words, path, may_fail=any(" -c " in each for each in commands))
        if form is DiskFormat.QCOW2:
            if is_marked_as_corrupt(path):
                return
            sectors = _between(rng, path, sectors, options)


def _command(rng: Random, sectors: int, form: DiskFormat, options: str) -> str:
    start = rng.randrange(sectors)
    length = min(sectors - start, rng.choice((1, 8, rng.randrange(1, 300), rng.randrange(1, 8192))))
    where = f"{start * 512} {length * 512}"
    kind = rng.random()
    if kind < 0.15 and form is not DiskFormat.VHDX:
        return f"write -z {where}"
    if kind < 0.25 and form is DiskFormat.QCOW2:
        return f"write -z -u {where}"
    if kind < 0.35 and form is DiskFormat.QCOW2:
        return f"discard {where}"
    if kind < 0.55 and form is DiskFormat.QCOW2:
        return f"write -c -P {rng.randrange(256)} {_whole_clusters(start, sectors, options)}"
    return f"write -P {rng.randrange(256)} {where}"


def _whole_clusters(start: int, sectors: int, options: str) -> str:
    """Compressed clusters are written whole, or up to the disk's end."""
    cluster = _cluster_bytes(options)
    at = start * 512 // cluster * cluster
    return f"{at} {min(cluster, sectors * 512 - at)}"


def _cluster_bytes(options: str) -> int:
    size = dict(word.split("=") for word in options.split(",") if word).get("cluster_size", "64k")
    return int(size.rstrip("kM")) * {"k": KiB, "M": MiB}.get(size[-1], 1)


def _between(rng: Random, path: Path, sectors: int, options: str) -> int:
    kind = rng.random()
    if kind < 0.4 and "refcount_bits=1" not in options:
        _run("qemu-img", "snapshot", "-c", f"s{rng.randrange(10**9)}", path)
    elif kind < 0.7:
        grown = sectors + rng.randrange(1, 4096)
        _run("qemu-img", "resize", "-q", "-f", "qcow2", path, str(grown * 512), may_fail="compat=0.10" in options)
        return _sectors(path)
    elif kind < 0.8:
        _run(
            "qemu-img", "resize", "-q", "--shrink", "-f", "qcow2", path, str(max(1, sectors // 2) * 512), may_fail=True
        )
        return _sectors(path)
    return sectors


def is_marked_as_corrupt(path: Path) -> bool:
    """QEMU 7.2 itself does that to one in some hundred images of 512-byte clusters, and writes no more to them."""
    header = path.read_bytes()[:80]
    return header[4:8] == b"\0\0\0\3" and bool(header[79] & 2)


def _sectors(path: Path) -> int:
    """Return what the header says now: images of version 2 with snapshots cannot be resized."""
    with path.open("rb") as file:
        return int.from_bytes(file.read(32)[24:32], "big") // 512


def _run(*words: str | Path, may_fail: bool = False) -> None:
    ended = subprocess.run(words, capture_output=True, check=False)
    assert may_fail or not ended.returncode, f"{words}: {ended.stderr.decode()} {ended.stdout.decode()}"
