"""A loopback cloud with a small machine's disks, and the `imgkit` command against it."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imgkit.simulator import CloudDisk, CloudImage, Simulator
from imgkit.units import MiB

IMAGE_ID = "m-2zetest00000000000001"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Loopback:
    """One test's cloud and folder; `disks` are the SHA-256 of each disk's bytes."""

    simulator: Simulator
    folder: Path
    disks: dict[str, str] = field(default_factory=dict)

    def environment(self, **changes: str) -> dict[str, str]:
        told = self.simulator.describe()
        ours = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": told["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": told["access_key_secret"],
            "IMGKIT_ECS_ENDPOINT": told["ecs_endpoint"],
            "IMGKIT_OSS_ENDPOINT": told["oss_endpoint"],
            "IMGKIT_REGION": told["region_id"],
            "IMGKIT_BUCKET": told["bucket"],
        }
        known = os.environ | ours | changes
        return {name: value for name, value in known.items() if value}

    def start(self, *words: str, **changes: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "imgkit", *words],
            cwd=self.folder,
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def imgkit(self, *words: str, **changes: str) -> Ended:
        with self.start(*words, **changes) as child:
            out, err = child.communicate(timeout=180)
        return Ended(child.returncode, out, err)

    def killed_after(self, seconds: float, words: Sequence[str], number: int = signal.SIGKILL) -> Ended:
        """Run a command, and send it a signal after a while unless it has ended by itself."""
        with self.start(*words) as child:
            try:
                out, err = child.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                child.send_signal(number)
                out, err = child.communicate(timeout=60)
        return Ended(child.returncode, out, err)

    def interrupted_once(self, begun: Callable[[], Any], words: Sequence[str]) -> Ended:
        """Run a command, and send it Ctrl-C as soon as `begun` is true; a busy machine starts a program slowly."""
        with self.start(*words) as child:
            deadline = time.monotonic() + 120
            while not begun() and time.monotonic() < deadline:
                time.sleep(0.05)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        return Ended(child.returncode, out, err)

    def sent(self, action: str) -> int:
        """How many requests of this action were answered well."""
        return sum(each.action == action and each.status == 200 for each in self.simulator.requests)

    def require_whole_set(self) -> None:
        """The set has every disk, byte for byte, and says so itself."""
        checked = self.imgkit("check", IMAGE_ID, "--json")
        assert checked.code == 0, checked.err
        manifest = json.loads((self.folder / IMAGE_ID / "imgkit.json").read_text())
        assert {disk["role"]: disk["guest"]["sha256"] for disk in manifest["disks"]} == self.disks


@contextmanager
def loopback(folder: Path, sizes: dict[str, int], **settings: str) -> Iterator[Loopback]:
    """A cloud with one image of these disks, in MiB; `work` in the folder is where commands run."""
    (folder / "work").mkdir()
    (folder / "cloud").mkdir()
    with Simulator(folder / "cloud", settings=settings) as simulator:
        disks = put_image(simulator, folder / "disks", sizes)
        yield Loopback(simulator=simulator, folder=folder / "work", disks=disks)
        assert not simulator.bugs


def make_disks(folder: Path, sizes: dict[str, int]) -> tuple[tuple[CloudDisk, ...], dict[str, str]]:
    """Make disks of these MiB: a third random bytes, the rest zeroes; return them and their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    disks, digests = [], {}
    for place, (name, size) in enumerate(sizes.items()):
        content = random.Random(name).randbytes(size * MiB // 3)
        path = folder / f"{name}.raw"
        with path.open("wb") as out:
            out.truncate(size * MiB)
            out.seek(MiB)
            out.write(content)
        device = "/dev/xvda" if name == "system" else f"/dev/xvd{'abcdefg'[place]}"
        disks.append(CloudDisk(device=device, file=str(path)))
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return tuple(disks), digests


def put_image(simulator: Simulator, folder: Path, sizes: dict[str, int]) -> dict[str, str]:
    disks, digests = make_disks(folder, sizes)
    simulator.put_image(CloudImage(image_id=IMAGE_ID, disks=disks))
    return digests
