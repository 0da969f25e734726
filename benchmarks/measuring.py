"""What several benchmarks share: programs that run to their end and are timed, and a disk with files on it."""

import compileall
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imgkit

compileall.compile_dir(Path(imgkit.__file__).parent, quiet=1)  # as pip compiles what it installs

IMGKIT = (sys.executable, "-m", "imgkit")
USUAL_DATA = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/share"))


@dataclass(frozen=True)
class Measured:
    name: str
    seconds: float
    cpu_seconds: float


def measure(name: str, work: Callable[[], object]) -> Measured:
    """Time what `work` does, and the processor time of the programs that it runs."""
    before, began = children_cpu(), time.monotonic()
    work()
    return Measured(name, time.monotonic() - began, children_cpu() - before)


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def loopback_cloud(root: Path) -> Iterator[None]:
    """Run the loopback ECS and OSS as a process of its own, with settings for it in the environment."""
    server = subprocess.Popen(
        [*IMGKIT, "simulator", "--root", str(root), "-q"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        os.environ |= {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": told["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": told["access_key_secret"],
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "IMGKIT_ECS_ENDPOINT": told["ecs_endpoint"],
            "IMGKIT_OSS_ENDPOINT": told["oss_endpoint"],
            "IMGKIT_REGION": told["region_id"],
            "IMGKIT_BUCKET": told["bucket"],
        }
        yield
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def make_disk(raw: Path, gib: int, data: Sequence[Path] | None) -> None:
    """Make a raw disk with an ext4 file system, sparse, filled with the files of these folders."""
    tree = raw.with_name("tree")
    tree.mkdir()
    for source in data or USUAL_DATA:
        run("cp", "-a", str(source), str(tree))
    with raw.open("wb") as out:
        out.truncate(gib << 30)
    run("/sbin/mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(raw))
    shutil.rmtree(tree)
    run("sync")
    print(f"disk of {gib} GiB with {raw.stat().st_blocks * 512 / 2**30:.2f} GiB of data")
