"""What is on a Debian disk of 1 GB: imgkit against virt-inspector and, as separate programs, dissect's tools.

    .venv/bin/python benchmarks/inspect_disk.py
    .venv/bin/python benchmarks/inspect_disk.py --dissect /path/to/venv/bin --runs 3

The disk is made once: a Debian by debootstrap (as root, from Debian's mirror), in an ext4 of a GPT partition. "values"
counts what a program's output has, roughly: names with a value, or elements of XML with a text.
Memory is the largest sum of resident sets of all of a program's processes, looked at every 20 ms; for virt-inspector
that takes in its virtual machine, for imgkit the child that reads.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import IMGKIT, run

from imgkit.samples.crowded_disks import make_crowded_ext4, make_crowded_xfs
from imgkit.samples.partitioning import LINUX, NewPartition, make_disk
from imgkit.units import MiB

PACKAGES = "systemd-sysv,openssh-server,cron,nginx-light,python3,ifupdown,vim,linux-image-cloud-amd64"
ROOT_UUID = "5f0b1c3e-7a52-4a5e-9d61-00000000be00"
DISK_UUID, PARTITION_UUID = "84C0D1AE-5D3B-4B0C-8F5E-3A9B7E2CBE01", "A1B2C3D4-00BE-4000-8000-0000000000BE"


@dataclass(frozen=True)
class Figure:
    """One program's best run of several."""

    name: str
    seconds: float
    peak_mib: float
    exit_code: int
    facts: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each is run; the best counts")
    parser.add_argument("--keep", type=Path, help="a folder for the disks, used again where it has them")
    parser.add_argument(
        "--dissect", type=Path, help="the bin folder of a virtual environment with dissect.target[full]"
    )
    parser.add_argument("--only", nargs="*", default=[], help="names of programs to run")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-bench-", dir="/var/tmp") as scratch:
        folder = words.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        disk = debian(folder)
        crowds = [crowd(folder, name) for name in ("ext4", "xfs")]
        print(f"load before: {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors")
        figures = [
            best(name, argv, words.runs) for name, argv in programs(disk, words.dissect) if chosen(name, words.only)
        ]
        figures += [
            best(f"imgkit, {path.stem}", (*IMGKIT, "inspect", "--json", str(path)), words.runs)
            for path in crowds
            if chosen("imgkit", words.only)
        ]
        show(figures)
        print(f"load after: {os.getloadavg()[0]:.1f}")


def programs(disk: Path, dissect: Path | None) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return what is compared. dissect.target is AGPL: it is run as a program, from an environment of its own."""
    found = [
        ("imgkit", (*IMGKIT, "inspect", "--json", "--engine", "native", str(disk))),
        ("imgkit --engine guestfs", (*IMGKIT, "inspect", "--json", "--engine", "guestfs", str(disk))),
    ]
    if shutil.which("virt-inspector"):
        found.append(("virt-inspector", ("virt-inspector", "--format=raw", "-a", str(disk))))
    if dissect:
        found.append(("target-info", (str(dissect / "target-info"), "-q", "-J", str(disk))))
        functions = "hostname,version,users,services,cronjobs,dpkg.status"
        found.append(("target-query", (str(dissect / "target-query"), "-q", "-j", "-f", functions, str(disk))))
    return found


def chosen(name: str, only: Sequence[str]) -> bool:
    return not only or name.split(maxsplit=1)[0].rstrip(",") in only


def best(name: str, argv: Sequence[str], runs: int) -> Figure:
    figures = [measured(name, argv) for _ in range(runs)]
    return min(figures, key=lambda figure: figure.seconds)


def measured(name: str, argv: Sequence[str]) -> Figure:
    environment = os.environ | {"LIBGUESTFS_BACKEND": "direct", "LIBGUESTFS_BACKEND_SETTINGS": backend()}
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(argv, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        peak = Peak(process.pid)
        code = process.wait()
        seconds = time.monotonic() - began
        peak.stop()
        out.seek(0)
        facts = len(re.findall(rb'"[a-z_]+": *["\d]|<[a-z_]+>[^<]', out.read()))
    return Figure(name, seconds, peak.bytes / 2**20, code, facts)


def backend() -> str:
    """Where KVM does not work, virt-inspector has to be told; imgkit finds out by itself."""
    return "force_tcg" if os.environ.get("IMGKIT_BENCHMARK_KVM") != "1" else ""


class Peak:
    """Watches how much memory a process and all below it take together."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.bytes = max(self.bytes, sum(resident(pid) for pid in family(self._pid)))


def family(top: int) -> set[int]:
    """Return a process and all that came from it, by the parents that /proc tells."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {top}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def resident(pid: int) -> int:
    """Return a process's proportional share of memory, so that shared pages count once."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[1]) * 1024  # type: ignore[index]
    except (OSError, TypeError):
        return 0


def debian(folder: Path) -> Path:
    disk = folder / "debian.raw"
    if disk.exists():
        return disk
    tree = folder / "debian"
    if not tree.exists():
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(tree))
    for cached in (tree / "var/cache/apt/archives").glob("*.deb"):
        cached.unlink()
    count = sum(len(folders) + len(files) for _, folders, files in os.walk(tree))
    (tree / "etc/hostname").write_text("debian-01\n")
    (tree / "etc/fstab").write_text(f"UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1\n")
    root = folder / "root.ext4"
    with root.open("wb") as out:
        out.truncate(1100 << 20)
    run("/sbin/mke2fs", "-q", "-t", "ext4", "-U", ROOT_UUID, "-d", str(tree), str(root))
    partition = NewPartition(
        start_bytes=MiB, size_bytes=1100 * MiB, type=LINUX, uuid=PARTITION_UUID, name="root", content=root
    )
    make_disk(disk, 1104 * MiB, DISK_UUID, [partition])
    root.unlink()
    print(f"a Debian of {count} files and folders, {disk.stat().st_blocks * 512 / 2**20:.0f} MiB of data")
    return disk


def crowd(folder: Path, name: str) -> Path:
    disk = folder / f"40,000 files ({name}).raw"
    if not disk.exists():
        (make_crowded_ext4 if name == "ext4" else make_crowded_xfs)(disk)
    return disk


def show(figures: Sequence[Figure]) -> None:
    base = next((figure.seconds for figure in figures if figure.name == "imgkit"), 0)
    print(f"{'program':32} {'seconds':>8} {'x imgkit':>9} {'peak MiB':>9} {'values':>8}  exit")
    for one in figures:
        ratio = f"{one.seconds / base:.1f}" if base else ""
        print(f"{one.name:32} {one.seconds:8.2f} {ratio:>9} {one.peak_mib:9.0f} {one.facts:8}  {one.exit_code}")
    print(json.dumps([vars(one) for one in figures]), file=sys.stderr)


if __name__ == "__main__":
    main()
