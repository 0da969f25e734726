"""From an object in a bucket to a raw disk and a qcow2: `imgkit fetch` against the programs that people chain by hand.

Both read the same archive from the loopback cloud, which runs as a process of its own; each is followed by `sync`. The
peer proves less: the CRC of the download (from its notes, not from the disk) and a SHA-256 of the raw disk. imgkit also
reads back what it downloaded, takes chunk digests, and proves the qcow2 byte for byte.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import IMGKIT, Measured, children_cpu, loopback_cloud, run

IMAGE_ID = "m-2zebenchmark000000001"
KEY = f"{IMAGE_ID}_system.raw.tar.gz"

PEER_DOWNLOAD = """
import os, sys, oss2
auth = oss2.AuthV4(os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
endpoint, name, region = (os.environ[f"IMGKIT_{each}"] for each in ("OSS_ENDPOINT", "BUCKET", "REGION"))
bucket = oss2.Bucket(auth, endpoint, name, region=region)
notes = oss2.ResumableDownloadStore(root=sys.argv[3])
oss2.resumable_download(bucket, sys.argv[1], sys.argv[2], num_threads=4, store=notes)
"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=int, default=4, help="size of the disk")
    words.add_argument("--data", type=Path, default=Path("/usr/lib"), help="folder whose files fill the disk")
    words.add_argument("--rounds", type=int, default=2)
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir="/var/tmp") as made, cloud(Path(made), options):
        rounds = [(peer(Path(made)), ours(Path(made))) for _ in range(options.rounds)]
    best_peer = min((one for one, _ in rounds), key=lambda each: each.seconds)
    best_ours = min((two for _, two in rounds), key=lambda each: each.seconds)
    for each in (best_peer, best_ours):
        print(f"{each.name:55} {each.seconds:7.1f} s {each.cpu_seconds:7.1f} s of CPU")
    time_ratio, cpu_ratio = best_ours.seconds / best_peer.seconds, best_ours.cpu_seconds / best_peer.cpu_seconds
    print(f"ratio {time_ratio:.2f} in time, {cpu_ratio:.2f} in CPU")


@contextmanager
def cloud(folder: Path, options: argparse.Namespace) -> Iterator[None]:
    """Make a disk, start the loopback cloud, and export the disk once."""
    disk = folder / "cloud" / "images" / IMAGE_ID / "system.raw"
    disk.parent.mkdir(parents=True)
    with disk.open("wb") as out:
        out.truncate(options.gib << 30)
    run("/sbin/mke2fs", "-q", "-t", "ext4", "-d", str(options.data), str(disk))
    with loopback_cloud(folder / "cloud"):
        run(*IMGKIT, "export", IMAGE_ID, "-q")
        run("sync")
        yield


def peer(folder: Path) -> Measured:
    work = folder / "peer"
    work.mkdir()
    archive, raw = work / KEY, work / KEY.removesuffix(".tar.gz")
    with measured("oss2.resumable_download, tar xzf, sha256sum, qemu-img") as took:
        run(sys.executable, "-c", PEER_DOWNLOAD, KEY, str(archive), str(work / "notes"))
        run("tar", "xzf", str(archive), "-C", str(work))
        run("sha256sum", str(raw))
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(work / "system.qcow2"))
        run("sync")
    shutil.rmtree(work)
    return took[0]


def ours(folder: Path) -> Measured:
    work = folder / "ours"
    with measured("imgkit fetch --to raw --to qcow2, everything proven") as took:
        run(
            *IMGKIT,
            "fetch",
            f"oss://evidence/{KEY}",
            "-o",
            str(work),
            "--to",
            "raw",
            "--to",
            "qcow2",
            "--no-inspect",
            "-q",
        )
        run("sync")
    shutil.rmtree(work)
    return took[0]


@contextmanager
def measured(name: str) -> Iterator[list[Measured]]:
    before, began = children_cpu(), time.monotonic()
    took: list[Measured] = []
    yield took
    took.append(Measured(name, time.monotonic() - began, children_cpu() - before))


if __name__ == "__main__":
    main()
