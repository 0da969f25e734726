"""Fuzzes the native engine: `python -m tests.fuzz.disks --help`.

Whatever the bytes of a disk, its storage is told and its files are listed and read, or that is refused in words, within
five seconds of CPU and 300 MB of memory. The seeds are built byte by byte, with every kind of structure in them, and
with `--with-makers` also by mke2fs and mkfs.xfs.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.headers import bound_memory, numbers, tell
from tests.integration.native_disks import make_ext, make_xfs
from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.fat_image import FatImage
from tests.unit.disks.native.lvm_image import TWO, group_text, physical_volume, segment_text, volume_text
from tests.unit.disks.native.memory import Memory
from tests.unit.disks.native.xfs_image import ROOT, XfsImage
from tests.unit.disks.test_partition_table import gpt_disk, mbr

from imgkit.disks.native.reader import BROKEN
from imgkit.disks.native.survey import Survey
from imgkit.disks.native.tree import Tree
from imgkit.disks.native.wire import decode_entries, encode_entries
from imgkit.model.role import DiskRole
from imgkit.model.tree import EntryKind

CPU_SECONDS = 5.0
FINDING = "FINDING"
_MOST_ENTRIES = 3000
_READ_BYTES = 1 << 20
_TELLING = (b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\1\0\0\0", b"\x80" * 8, b"\0\0\0\1", b"\xff\xff")
ROLES = (DiskRole(), DiskRole("xvdb"))


class Slow(BaseException):
    """A mutant took too long; no handler for damaged structures catches it."""


@dataclass(frozen=True, slots=True)
class Seed:
    """Disks of one machine, and where they hold anything."""

    name: str
    disks: tuple[bytes | mmap, ...]

    def places(self, disk: int) -> list[int]:
        content = self.disks[disk]
        return [at for at in range(0, len(content), 512) if content[at : at + 512].strip(b"\0")]


def hand_made() -> list[Seed]:
    """Return the seeds that need no program."""
    ext = ExtImage()
    ext.file(12, b"x" * 3000)
    ext.inode(13, 0o120777, size=5, block=b"there")
    ext.folder(14, {b"below": 12})
    ext.folder(2, {b"file": 12, b"link": 13, b"folder": 14, b"\xff": 12})
    xfs = XfsImage()
    xfs.file(65, b"y" * 5000)
    xfs.folder(66, {b"below": 65})
    xfs.folder(ROOT, {b"file": 65, b"folder": 66})
    fat = FatImage()
    fat.file(b"README  TXT", b"hello")
    volumes = volume_text("lin", segment_text(0, 2, ("pv0", 6)), segment_text(2, 1, ("pv1", 0)))
    volumes += volume_text("str", segment_text(0, 4, ("pv0", 0), ("pv1", 4)))
    text = group_text(volumes, members=("a" * 32, TWO))
    chain = bytearray(300 * 512)
    chain[:512] = mbr((0, 0x05, 100, 200), (0x80, 0x83, 10, 20))
    chain[100 * 512 : 101 * 512] = mbr((0, 0x83, 10, 20), (0, 0x05, 50, 50))
    chain[150 * 512 : 151 * 512] = mbr((0, 0x82, 5, 30))
    return [
        Seed("ext", (bytes(ext.content),)),
        Seed("xfs", (bytes(xfs.content),)),
        Seed("fat", (bytes(fat.content),)),
        Seed("lvm", tuple(bytes(one.content) for one in (physical_volume(text), physical_volume(text, uuid=TWO)))),
        Seed("mbr", (bytes(chain),)),
        Seed("gpt", (bytes(gpt_disk()),)),
    ]


def made_by_programs(folder: Path) -> list[Seed]:
    """Return the seeds that mke2fs and mkfs.xfs make."""
    seeds = []
    for variant in ("ext2", "ext4", "ext4-inline", "ext4-large", "xfs", "xfs-16k-folders"):
        scratch = folder / variant
        scratch.mkdir()
        made = (make_ext if variant.startswith("ext") else make_xfs)(scratch, variant)
        with made.path.open("rb") as file:
            seeds.append(Seed(variant, (mmap(file.fileno(), 0, access=ACCESS_READ),)))
    return seeds


class Mutated(Memory):
    """A seed's disk with some bytes changed; the seed itself stays."""

    def __init__(self, content: bytes | mmap) -> None:
        super().__init__(content)
        self.changes: dict[int, int] = {}

    def read(self, offset: int, length: int) -> bytes:
        found = bytearray(super().read(offset, length))
        for at, value in self.changes.items():
            if offset <= at < offset + length:
                found[at - offset] = value
        return bytes(found)


def mutate(seed: Seed, places: Sequence[Sequence[int]], rng: Random) -> list[Mutated]:
    """Change bytes where a disk holds something, more often near its start, where structures are."""
    disks = [Mutated(content) for content in seed.disks]
    for _ in range(rng.choice((1, 2, 4, 16, 64))):
        number = rng.randrange(len(disks))
        held = places[number]
        at = rng.choice(held if rng.random() < 0.6 else held[: max(4, len(held) // 20)]) + rng.randrange(512)
        value = rng.choice(_TELLING) if rng.random() < 0.5 else rng.randbytes(1)
        for offset, byte in enumerate(value):
            disks[number].changes[at + offset] = byte
    return disks


def look(disks: Sequence[Memory]) -> str:
    """Look at everything as a report would, and say how much was found."""
    survey = Survey(disks=dict(zip(ROLES, disks, strict=False)))
    list(survey.steps({}))
    storage = survey.storage()
    seen = sum(_walk(Tree(0, {0: reader})) for reader in survey.readers.values())
    if seen:
        return "read"
    return "storage only" if storage.file_systems or storage.partitions or storage.volume_groups else "nothing known"


def _walk(tree: Tree) -> int:
    waiting, seen, count = [b""], set[int](), 0
    while waiting and count < _MOST_ENTRIES:
        folder = waiting.pop()
        try:
            frames = list(encode_entries(tree.list_folder(folder or b"/")))
        except BROKEN:
            continue
        for entry in (entry for frame in frames for entry in decode_entries(frame)):
            count += 1
            path = folder + b"/" + entry.name
            assert b"/" not in entry.name, "a name that is a path"
            _touch(tree, path, entry.kind)
            if entry.kind is EntryKind.FOLDER and entry.inode not in seen:
                seen.add(entry.inode)
                waiting.append(path)
    return count


def _touch(tree: Tree, path: bytes, kind: EntryKind) -> None:
    for ask in (tree.xattrs, tree.read_link if kind is EntryKind.LINK else tree.stat):
        try:
            ask(path)
        except BROKEN:
            continue
    if kind is EntryKind.FILE:
        try:
            _, parts = tree.read(path, 0, _READ_BYTES)
            assert sum(map(len, parts)) <= _READ_BYTES, "more than was asked for"
        except BROKEN:
            return


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise Slow(f"more than {CPU_SECONDS} s")


def fuzz(seeds: Sequence[Seed], rounds: Iterator[int]) -> Counter[str]:
    """Make and read mutants, each of which has a number that makes it anew; return how they ended."""
    ends: Counter[str] = Counter()
    places = {seed.name: [seed.places(disk) for disk in range(len(seed.disks))] for seed in seeds}
    for number in rounds:
        rng = Random(number)
        seed = rng.choice(seeds)
        disks = mutate(seed, places[seed.name], rng)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            end = look(disks)
        except (Slow, Exception) as error:  # noqa: BLE001  # every one of them is a finding
            end = f"{FINDING}: {type(error).__name__}"
            sys.stderr.write(f"FINDING: mutant {number} of {seed.name}: {type(error).__name__}: {error}\n")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        ends[f"{seed.name}: {end}"] += 1
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="how many mutants; without it, until it is interrupted")
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--with-makers", action="store_true", help="also file systems made by mke2fs and mkfs.xfs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="imgkit-fuzz-") as made:
        seeds = made_by_programs(Path(made)) if asked.with_makers else hand_made()
    bound_memory()
    signal.signal(signal.SIGPROF, _too_slow)
    begun = time.monotonic()
    ends = fuzz(seeds, numbers(asked.seed, rounds=asked.rounds, seconds=asked.seconds))
    tell(ends, begun)
    return 1 if any(FINDING in end for end in ends) else 0


if __name__ == "__main__":
    sys.exit(main())
