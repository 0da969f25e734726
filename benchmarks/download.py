"""One object from a bucket onto this disk: `imgkit download`, everything proven, against the peers.

All fetch the same object from the loopback cloud, which runs as a process of its own and whose CPU is not counted; it
sends files by sendfile(2), and the first line of the result says how fast it gives the object to nobody (curl to
/dev/null), which is the ceiling. Each run is followed by `sync`, which belongs to its time. The peers run with their
checking on and, where that can be switched off, without it; aria2c and curl check nothing. imgkit flushes, journals,
reads back what is on disk, and takes CRC-64 and SHA-256. Runs alternate, the best of each counts.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import IMGKIT, loopback_cloud

KEY = "m-2zebenchmark000000001_system.raw.tar.gz"

OSS2 = """
import os, sys, oss2
auth = oss2.AuthV4(os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
endpoint, name, region = (os.environ[f"IMGKIT_{each}"] for each in ("OSS_ENDPOINT", "BUCKET", "REGION"))
bucket = oss2.Bucket(auth, endpoint, name, region=region, enable_crc=sys.argv[1] == "crc")
notes = oss2.ResumableDownloadStore(root=sys.argv[3] + ".notes")
oss2.resumable_download(bucket, sys.argv[2], sys.argv[3], num_threads=4, store=notes)
"""

OSS_V2 = """
import os, sys
import alibabacloud_oss_v2 as oss
keys = (os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
config = oss.config.load_default()
config.credentials_provider = oss.credentials.StaticCredentialsProvider(*keys)
config.region, config.endpoint = os.environ["IMGKIT_REGION"], os.environ["IMGKIT_OSS_ENDPOINT"]
config.use_path_style, config.disable_download_crc64_check = True, sys.argv[1] != "crc"
downloader = oss.Client(config).downloader(parallel_num=4, part_size=16 << 20, enable_checkpoint=True,
                                           checkpoint_dir=os.path.dirname(sys.argv[3]) + "/", use_temp_file=True)
downloader.download_file(oss.GetObjectRequest(bucket=os.environ["IMGKIT_BUCKET"], key=sys.argv[2]), sys.argv[3])
"""

PRESIGN = """
import os, sys, oss2
auth = oss2.AuthV4(os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
endpoint, name, region = (os.environ[f"IMGKIT_{each}"] for each in ("OSS_ENDPOINT", "BUCKET", "REGION"))
print(oss2.Bucket(auth, endpoint, name, region=region).sign_url("GET", sys.argv[1], 7200, slash_safe=True))
"""


@dataclass(frozen=True)
class Peer:
    name: str
    argv: Sequence[str]


@dataclass(frozen=True)
class Took:
    seconds: float
    cpu_seconds: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gib", type=float, default=2, help="size of the object")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="on the disk that is to be written to")
    words.add_argument("--only", nargs="*", default=(), metavar="WORD", help="only peers with such a word in them")
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-benchmark-", dir=options.folder) as made:
        folder = Path(made)
        with cloud(folder, int(options.gib * (1 << 30))):
            compete(folder, options.gib, options.rounds, options.only)


def compete(folder: Path, gib: float, rounds: int, only: Sequence[str]) -> None:
    url = subprocess.run(
        [sys.executable, "-c", PRESIGN, KEY], check=True, capture_output=True, text=True
    ).stdout.strip()
    ceiling = timed(["curl", "--silent", "--fail", "--output", "/dev/null", url], folder)
    print(f"the server gives {gib / ceiling.seconds * 1024:.0f} MiB/s to nobody; load {os.getloadavg()[0]:.1f}\n")
    peers = [peer for peer in all_peers(folder, url) if shutil.which(peer.argv[0])]
    peers = [peer for peer in peers if not only or any(word in peer.name for word in ("imgkit", *only))]
    best: dict[str, Took] = {}
    for _ in range(rounds):
        for peer in peers:
            took = timed(peer.argv, folder)
            known = best.get(peer.name, took)
            best[peer.name] = Took(min(known.seconds, took.seconds), min(known.cpu_seconds, took.cpu_seconds))
    show(best, gib)


def all_peers(folder: Path, url: str) -> list[Peer]:
    target = str(folder / "peer" / KEY)
    return [
        Peer("imgkit download", [*IMGKIT, "download", f"oss://evidence/{KEY}", "-o", str(folder / "peer"), "-q"]),
        Peer("oss2.resumable_download", [sys.executable, "-c", OSS2, "crc", KEY, target]),
        Peer("oss2.resumable_download, CRC off", [sys.executable, "-c", OSS2, "", KEY, target]),
        Peer("alibabacloud-oss-v2 Downloader", [sys.executable, "-c", OSS_V2, "crc", KEY, target]),
        Peer("alibabacloud-oss-v2 Downloader, CRC off", [sys.executable, "-c", OSS_V2, "", KEY, target]),
        Peer("aria2c -x4", ["aria2c", "-q", "-x4", "-s4", "-d", str(folder / "peer"), "-o", KEY, url]),
        Peer("curl", ["curl", "--silent", "--fail", "--output", target, url]),
    ]


def timed(argv: Sequence[str], folder: Path) -> Took:
    """Run one peer in an empty folder, then sync; count the CPU of these two and of no other process.

    imgkit flushes by itself what the others leave to `sync`, so both belong to the price.
    """
    (folder / "peer").mkdir()
    subprocess.run(["sync"], check=True)
    began = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    flushing = subprocess.Popen(["sync"])
    _, _, flushed = os.wait4(flushing.pid, 0)
    flushing.returncode = 0
    seconds = time.monotonic() - began
    if child.returncode:
        raise SystemExit(f"{argv[0]} failed: {said.decode(errors='replace')[-2000:]}")
    shutil.rmtree(folder / "peer")
    return Took(seconds, sum(each.ru_utime + each.ru_stime for each in (usage, flushed)))


def show(best: dict[str, Took], gib: float) -> None:
    ours = best["imgkit download"]
    print(f"{'':42}{'MiB/s':>8}{'CPU s/GiB':>12}   imgkit takes")
    for name, took in best.items():
        ratios = (
            f"{ours.seconds / took.seconds:5.2f} of its time, {ours.cpu_seconds / took.cpu_seconds:5.2f} of its CPU"
        )
        print(f"{name:42}{gib * 1024 / took.seconds:8.0f}{took.cpu_seconds / gib:12.2f}   {ratios}")


@contextmanager
def cloud(folder: Path, size: int) -> Iterator[None]:
    """Start the loopback cloud with one object of random bytes."""
    target = folder / "cloud" / "buckets" / "evidence" / "objects" / KEY
    target.parent.mkdir(parents=True)
    with target.open("wb") as out:
        for _ in range(0, size, 1 << 20):
            out.write(os.urandom(1 << 20))
    with loopback_cloud(folder / "cloud"):
        yield


if __name__ == "__main__":
    main()
