"""From an archive to a raw disk with its SHA-256: `imgkit unpack` against the programs that people chain by hand.

A disk with a real file system is packed twice, as a dense and as a sparse archive. Every contender unpacks both, one
after the other, round after round; the archives are in the page cache, and what was written before is on the disk.
Two times are told: until the program has ended, and until a `sync` after it has. Ratios are of the first, in which
imgkit has made its file durable and the peers have not. Every digest is held against that of the disk.
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import IMGKIT

MIB, GIB = 1 << 20, 1 << 30
MEMBER = "system.raw"

Command = Callable[[Path, Path], tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`peak_bytes` is the largest that one process of the contender became, shells and filters included."""

    name: str
    archive: str
    seconds: float
    synced_seconds: float
    cpu_seconds: float
    disk_bytes: int
    peak_bytes: int
    held: bool


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=int, default=20, help="size of the disk")
    words.add_argument("--data-gib", type=float, default=2, help="how much of it is files")
    words.add_argument("--data", type=Path, default=Path("/usr"), help="folder whose files fill the disk")
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--only", nargs="*", default=[], help="words in the names of the contenders to run")
    words.add_argument("--keep", type=Path, help="folder in which the archives are made, and found again")
    options = words.parse_args()
    with working_folder(options.keep) as folder:
        digest = make_archives(folder, options)
        results = [
            measure(name, command, folder, archive, digest)
            for _ in range(options.rounds)
            for name, command in contenders(options.only)
            for archive in ("dense", "sparse")
        ]
    for archive in ("dense", "sparse"):
        tell(archive, [each for each in results if each.archive == archive])


@contextmanager
def working_folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir="/var/tmp") as made:
        yield Path(made)


def make_archives(folder: Path, options: argparse.Namespace) -> str:
    """Make the disk and both archives of it, unless they are there; return the SHA-256 of the disk."""
    told = folder / "disk.sha256"
    if told.exists():
        return told.read_text()
    disk = folder / MEMBER
    with disk.open("wb") as out:
        out.truncate(options.gib * GIB)
    with tempfile.TemporaryDirectory(dir=folder) as files:
        copy_files(options.data, Path(files), int(options.data_gib * GIB))
        run("/sbin/mke2fs", "-q", "-t", "ext4", "-d", files, str(disk))
    run("tar", "--format=gnu", "-czf", str(folder / "dense.tar.gz"), "-C", str(folder), MEMBER)
    run("tar", "--format=gnu", "-S", "-czf", str(folder / "sparse.tar.gz"), "-C", str(folder), MEMBER)
    with disk.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    disk.unlink()
    told.write_text(digest)
    return digest


def copy_files(source: Path, target: Path, wanted_bytes: int) -> None:
    """Copy files in the order of their names until there are so many bytes of them."""
    copied = 0
    for folder, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
                continue
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            copied += place.stat().st_size
            if copied >= wanted_bytes:
                return


def contenders(only: Sequence[str]) -> list[tuple[str, Command]]:
    tar = "tar -xzf {archive} -C {folder}"
    peers = {
        "tar xzf, sha256sum": shell(f"{tar} && sha256sum {{disk}}"),
        "tar xzf, openssl dgst": shell(f"{tar} && openssl dgst -sha256 -r {{disk}}"),
        "pigz | tar, openssl dgst": shell(
            "pigz -dc {archive} | tar -xf - -C {folder} && openssl dgst -sha256 -r {disk}"
        ),
        "igzip | tar, openssl dgst": shell(
            "igzip -dc {archive} | tar -xf - -C {folder} && openssl dgst -sha256 -r {disk}"
        ),
        "bsdtar xzf, openssl dgst": shell("bsdtar -xzf {archive} -C {folder} && openssl dgst -sha256 -r {disk}"),
    }
    ours = {f"imgkit unpack --tar {engine}": imgkit(engine) for engine in ("gnu", "builtin")}
    first = list(peers.items())
    everything = [*first[:2], *ours.items(), *first[2:]]
    return [each for each in everything if not only or any(word in each[0] for word in only)]


def shell(line: str) -> Command:
    def unpack(archive: Path, folder: Path) -> tuple[str, str]:
        disk = folder / MEMBER
        return line.format(archive=archive, folder=folder, disk=disk), "first word"

    return unpack


def imgkit(engine: str) -> Command:
    def unpack(archive: Path, folder: Path) -> tuple[str, str]:
        return f"{shlex.join(IMGKIT)} unpack {archive} -o {folder} --tar {engine} --json -q", "json"

    return unpack


def measure(name: str, command: Command, folder: Path, archive: str, digest: str) -> Measured:
    target = folder / "out"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    path = folder / f"{archive}.tar.gz"
    run("cat", str(path))
    run("sync")
    line, form = command(path, target)
    began = time.monotonic()
    child = subprocess.Popen(["/bin/sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    run("sync")
    took = Measured(
        name=name,
        archive=archive,
        seconds=seconds,
        synced_seconds=time.monotonic() - began,
        cpu_seconds=used.ru_utime + used.ru_stime,
        disk_bytes=sum(each.stat().st_blocks * 512 for each in target.iterdir()),
        peak_bytes=used.ru_maxrss * 1024,
        held=child.returncode == 0 and found_digest(said, form) == digest,
    )
    shutil.rmtree(target)
    print(row(took), file=sys.stderr)
    return took


def found_digest(said: bytes, form: str) -> str:
    if form == "json":
        return str(json.loads(said)["sha256"])
    return said.decode().split()[0] if said.strip() else ""


def tell(archive: str, results: Sequence[Measured]) -> None:
    best = {each.name: each for each in sorted(results, key=lambda each: -each.seconds)}
    ours = [each for name, each in best.items() if name.startswith("imgkit")]
    print(
        f"\n{archive}: best of {len(results) // max(1, len(best))} rounds; ratios say how many times faster imgkit is"
    )
    for name in dict.fromkeys(each.name for each in results):
        ratios = "  ".join(f"{best[name].seconds / each.seconds:5.2f}" for each in reversed(ours))
        print(f"{row(best[name])}  {ratios}")
    print(f"the ratios: against {', '.join(each.name for each in reversed(ours))}")


def row(each: Measured) -> str:
    told = "held" if each.held else "DIGEST DIFFERS OR FAILED"
    return (
        f"{each.archive:6} {each.name:28} {each.seconds:7.1f} s {each.synced_seconds:7.1f} s with sync "
        f"{each.cpu_seconds:7.1f} s of CPU {each.disk_bytes / GIB:6.2f} GiB on disk "
        f"{each.peak_bytes / MIB:5.0f} MiB of memory  {told}"
    )


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
