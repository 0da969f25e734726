"""Kill a downloader again and again until it is done, and look at what it leaves; by hand:

    PYTHONPATH=src python tests/integration/kill_campaign.py --kills 2000 --seed 7 /tmp/somewhere

Each download runs in a forked child, over a source in memory with a bad network. A child ends by SIGKILL at a random
moment, by SIGKILL just before or after a random write, sync, rename or removal, or by a power cut: whatever was not
synced is replaced by zeroes, and the journal stays as far as it was written. Every other file that is whole is then
damaged in some of its parts and mended, under the same conditions. Now and then the disk forgets between two runs what
it had made durable. Prints one line of JSON; `wrong` is empty where
every promise held.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from imgkit.digests import crc64
from imgkit.model.cloud_object import ObjectInfo
from imgkit.pipeline.mending import mend_object
from imgkit.ports import RangeFailed
from imgkit.stages.download import download_object
from imgkit.transfer import local_disk
from imgkit.transfer.journal import read_journal
from imgkit.transfer.places import Places
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB, MiB

SIZE = 3 * MiB + 123
PART = 64 * KiB
SETTINGS = TransferSettings(
    jobs=4,
    part_bytes=PART,
    buffer_bytes=16 * KiB,
    attempts=50,
    first_delay_seconds=0.001,
    longest_delay_seconds=0.002,
    commit_seconds=0.004,
)


class BadNetwork:
    """An object in memory behind a slow network that breaks; writes down each range that is asked for."""

    label = "oss://bucket/disk.gz"

    def __init__(self, content: bytes, chance: random.Random, log: Path) -> None:
        self._content = content
        self._chance = chance
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)

    def describe(self) -> ObjectInfo:
        return ObjectInfo(
            bucket="bucket", key="disk.gz", size=len(self._content), etag="E1", crc64=crc64(self._content)
        )

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator["BadBody"]:
        os_write(self._log, f"{start} {length}\n".encode())
        fate = self._chance.random()
        if fate < 0.05:
            raise RangeFailed("503")
        yield BadBody(self._content[start : start + length], self._chance, breaks=fate < 0.2)


class BadBody:
    def __init__(self, data: bytes, chance: random.Random, *, breaks: bool) -> None:
        self._data = memoryview(data)
        self._chance = chance
        self._until = chance.randrange(len(data) + 1) if breaks else -1

    def readinto(self, buffer: memoryview) -> int:
        time.sleep(self._chance.random() * 0.002)
        if 0 <= self._until <= 0:
            raise RangeFailed("connection reset")
        count = min(len(buffer), len(self._data), self._chance.randrange(1, 32 * KiB))
        if self._until > 0:
            count = min(count, self._until)
            self._until -= count
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


os_write = os.write
WATCHED = ("pwrite", "write", "fsync", "replace", "unlink", "ftruncate")


class Doom:
    """Ends this process at the nth operation on files, before or after it."""

    def __init__(self, at: int, *, power_cut: bool, chance: random.Random) -> None:
        self._left = at
        self._power_cut = power_cut
        self._before = chance.random() < 0.5
        self._unsynced: list[tuple[int, int, int]] = []
        self._lock = threading.RLock()
        self._pwrite = os.pwrite

    def install(self) -> None:
        for name in WATCHED:
            setattr(os, name, self._watch(getattr(os, name), name))
        local_disk.sync_data = self._watch(local_disk.sync_data, "sync_data")

    def _watch(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*words: Any, **more: Any) -> Any:
            with self._lock:
                self._left -= 1
                if self._left == 0 and self._before:
                    self._end()
                result = real(*words, **more)
                self._remember(name, words)
                if self._left == 0:
                    self._end()
                return result

        return watched

    def _remember(self, name: str, words: tuple[Any, ...]) -> None:
        if name == "pwrite":
            self._unsynced.append((words[0], len(words[1]), words[2]))
        elif name in {"sync_data", "fsync"}:
            self._unsynced = [one for one in self._unsynced if one[0] != words[0]]

    def _end(self) -> None:
        if self._power_cut:
            for handle, length, offset in self._unsynced:
                with suppress(OSError):
                    self._pwrite(handle, bytes(length), offset)
        os.kill(os.getpid(), signal.SIGKILL)


class Campaign:
    """One folder, one object at a time; a new object when one has come through."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.places = Places(target=folder / "objects" / "disk.gz", workspace=folder / ".imgkit")
        self.log = folder / "asked"
        self.chance = random.Random(seed)
        self.content = b""
        self.damaged: bytes | None = None
        self.kills = self.finished = self.mended = self.resumed_parts = 0
        self.wrong: list[str] = []
        self.begin()

    def begin(self) -> None:
        for folder in (self.places.target.parent, self.places.workspace):
            shutil.rmtree(folder, ignore_errors=True)
        self.places.make_folders()
        self.content = self.chance.randbytes(SIZE)
        self.damaged = None
        self.rotten: set[int] = set()

    def run(self, kills: int) -> None:
        while self.kills < kills and not self.wrong:
            proven = self.rot(self.proven_ranges())
            status = self.one_child()
            self.look_at_what_is_left(proven)
            if os.WIFSIGNALED(status):
                self.kills += 1
            elif os.WEXITSTATUS(status) == 0:
                self.expect(self.is_whole(), "it said that it was done, and the file is not whole")
                self.begin_again()
            else:
                self.wrong.append(f"a child ended with {os.WEXITSTATUS(status)}")

    def begin_again(self) -> None:
        if self.damaged is not None:
            self.mended += 1
            self.begin()
            return
        self.finished += 1
        if self.chance.random() < 0.5:
            self.begin()
        else:
            self.damage()

    def damage(self) -> None:
        """Change bytes in some parts of the file that is whole, and perhaps cut off its end."""
        content = bytearray(self.content)
        for _ in range(self.chance.randrange(1, 9)):
            content[self.chance.randrange(SIZE)] ^= 1 + self.chance.randrange(255)
        self.damaged = bytes(content[: self.chance.choice([SIZE, SIZE - self.chance.randrange(1, SIZE)])])
        self.places.target.write_bytes(self.damaged)

    def is_whole(self) -> bool:
        target = self.places.target
        return target.exists() and target.read_bytes() == self.content

    def one_child(self) -> int:
        seed, kind = self.chance.random(), self.chance.choice(["moment", "operation", "power cut"])
        child = os.fork()
        if child == 0:
            self.be_killed(random.Random(seed), kind)
        if kind == "moment":
            time.sleep(self.chance.random() * 0.15)
            os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1]

    def be_killed(self, chance: random.Random, kind: str) -> None:
        try:
            source = BadNetwork(self.content, chance, self.log)
            if kind != "moment":
                Doom(int(chance.random() ** 2 * 350) + 1, power_cut=kind == "power cut", chance=chance).install()
            do = download_object if self.damaged is None else mend_object
            do(source, self.places.target, workspace=self.places.workspace, settings=SETTINGS)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001  # a forked child must end here, whatever happens
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(9)

    def proven_ranges(self) -> list[tuple[int, int]]:
        """Return what the journal claims, after holding each claim against the disk and the truth.

        Of a damaged file that still has its name, the parts that are sound.
        """
        if self.damaged is not None and self.places.target.exists():
            starts = range(0, SIZE, PART)
            return [
                (start, min(start + PART, SIZE))
                for start in starts
                if self.damaged[start : start + PART] == self.content[start : start + PART]
            ]
        saved = read_journal(self.places.journal)
        if saved is None or not self.places.partial.exists():
            return []
        ranges = []
        with self.places.partial.open("rb") as file:
            for number, claim in saved.claims.items():
                start = saved.facts.plan.part(number).start
                file.seek(start)
                truth = self.content[start : start + claim.length]
                is_there = file.read(claim.length) == truth
                if number in self.rotten and not is_there:
                    continue
                self.rotten.discard(number)
                self.expect(is_there, f"the journal claims part {number}, the disk lacks it")
                self.expect(crc64(truth) == claim.crc64, f"the CRC of part {number} is wrong in the journal")
                ranges.append((start, start + claim.length))
        self.resumed_parts += len(ranges)
        return ranges

    def rot(self, proven: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Let the disk forget one of the ranges, now and then; return those that still stand."""
        if not proven or self.places.target.exists() or self.chance.random() > 0.2:
            return proven
        start, end = self.chance.choice(proven)
        with self.places.partial.open("r+b") as file:
            file.seek(self.chance.randrange(start, end))
            place = file.tell()
            file.write(bytes([self.content[place] ^ 1]))
        self.rotten.add(start // PART)
        return [each for each in proven if each != (start, end)]

    def look_at_what_is_left(self, proven: list[tuple[int, int]]) -> None:
        target = self.places.target
        if target.exists():
            is_as_it_was = self.damaged is not None and target.read_bytes() == self.damaged
            self.expect(self.is_whole() or is_as_it_was, "a file under its final name is not whole")
            self.expect(self.places.parts.exists(), "a file under its final name has no parts file")
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            start, length = (int(word) for word in line.split())
            for first, end in proven:
                self.expect(start + length <= first or end <= start, f"bytes {first}-{end - 1} were fetched twice")
        self.log.unlink(missing_ok=True)

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("--kills", type=int, default=60)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    campaign = Campaign(asked.folder, asked.seed)
    campaign.run(asked.kills)
    told = {name: getattr(campaign, name) for name in ("kills", "finished", "mended", "resumed_parts", "wrong")}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
