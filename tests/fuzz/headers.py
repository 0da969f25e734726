"""Fuzzes the guard and imgkit's own reader: `python -m tests.fuzz.headers --help`.

Whatever the bytes, an image is read or refused with an ImgkitError, within two seconds of CPU and 300 MB of memory.
"""

import argparse
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.mutants import Mutant, mutate
from tests.fuzz.seeds import Seed, hand_made, made_by_qemu

from imgkit.disks.guard import identify, read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.mapped_view import MappedView
from imgkit.disks.raw_view import RawView
from imgkit.errors import ImgkitError
from imgkit.model.disk import Extent, ExtentKind
from imgkit.units import KiB, MiB

CPU_SECONDS = 2.0
MEMORY_BYTES = 300 * 1000 * 1000
FINDING = "FINDING"
_MOST_EXTENTS = 256
_MOST_READS = 12
_READ_BYTES = 64 * KiB


class Slow(BaseException):
    """A mutant took more CPU time than any may."""


class Stage:
    """The seeds as files, each of which is one mutant after the other."""

    def __init__(self, folder: Path, seeds: list[Seed]) -> None:
        self.seeds = seeds
        self._paths: dict[str, Path] = {}
        for seed in seeds:
            home = folder / f"seed-{seed.name}"
            home.mkdir()
            self._paths[seed.name] = home / "disk.img"
            self._paths[seed.name].write_bytes(seed.content)
            for name, content in seed.beside.items():
                (home / name).write_bytes(content)

    @contextmanager
    def showing(self, mutant: Mutant) -> Iterator[Path]:
        """Let the seed's file be the mutant; only what differs is written, and afterwards what was there."""
        seed = mutant.seed
        path = self._paths[seed.name]
        with path.open("r+b", buffering=0) as file:
            for place, value in mutant.patches:
                file.seek(place)
                file.write(value)
            file.truncate(mutant.length)
            try:
                yield path
            finally:
                for place, value in mutant.patches:
                    file.seek(place)
                    file.write(seed.content[place : place + len(value)])
                file.seek(mutant.length)
                file.write(seed.content[mutant.length :])


def look(path: Path, mutant: Mutant, rng: Random) -> str:
    """Read the mutant as a user would; return how that ended. Whatever else is raised is a finding."""
    try:
        stated = mutant.seed.format if rng.random() < 0.5 else identify(path)
        header = read_header(path, stated=stated)
        with open_guarded(header) as view:
            if isinstance(view, MappedView | RawView):
                _walk(view, rng)
    except ImgkitError as error:
        ended = error
    else:
        return "read"
    assert ended.exit_code > 1, "an error without a code of its own"
    assert ended.message, "an error without words"
    return type(ended).__name__


def _walk(view: MappedView | RawView, rng: Random) -> None:
    extents = list(islice(view.extents(), _MOST_EXTENTS))
    _require_gapless(extents, view.size)
    places = [
        0,
        max(0, view.size - 512),
        *(rng.randrange(view.size) for _ in range(3)),
        *(each.start for each in extents),
    ]
    for place in places[:_MOST_READS]:
        found = view.read(place, min(_READ_BYTES, view.size - place))
        assert len(found) == min(_READ_BYTES, view.size - place), "a read of another length"
    for each in (each for each in extents[:_MOST_READS] if each.kind is ExtentKind.ZERO):
        assert not view.read(each.start, min(each.length, _READ_BYTES)).strip(b"\0"), "zeroes that are none"


def _require_gapless(extents: list[Extent], size: int) -> None:
    place = 0
    for each in extents:
        assert each.start == place, "a gap between extents"
        assert each.length > 0, "an extent of nothing"
        place = each.end
    assert place == size or len(extents) == _MOST_EXTENTS, "extents that do not cover the disk"


def bounded(action: Callable[[], str]) -> str:
    """Run an action within the CPU time that one mutant may take. Raises Slow."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return action()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise Slow


def bound_memory() -> None:
    """From now on this process may take 300 MB of address space more; beyond it MemoryError is raised, a finding."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def gather(folder: Path, *, with_qemu: bool) -> list[Seed]:
    """Return the seeds."""
    made = folder / "made"
    made.mkdir()
    return hand_made() + (made_by_qemu(made) if with_qemu else [])


def fuzz(stage: Stage, rounds: Iterator[int], keep: Path | None) -> Counter[str]:
    """Make and read mutants, each of which has a number that makes it anew; return how they ended."""
    ends: Counter[str] = Counter()
    for number in rounds:
        rng = Random(number)
        mutant = mutate(rng.choice(stage.seeds), stage.seeds, rng)
        with stage.showing(mutant) as path:
            try:
                end = bounded(partial(look, path, mutant, rng))
            except (Slow, Exception) as error:  # noqa: BLE001  # every one of them is a finding
                end = f"{FINDING}: {type(error).__name__}"
                report(mutant, number, f"{type(error).__name__}: {error}", keep)
        ends[f"{mutant.seed.format}: {end}"] += 1
    return ends


def report(mutant: Mutant, number: int, what: str, keep: Path | None) -> None:
    """Tell of a finding, and keep the file."""
    sys.stderr.write(f"FINDING: mutant {number} of {mutant.seed.name}: {what}\n")
    if keep is not None:
        (keep / f"{mutant.seed.name}-{number}").write_bytes(mutant.content())


def tell(ends: Counter[str], begun: float) -> None:
    """Print how all of them ended."""
    for end, times in sorted(ends.items()):
        sys.stdout.write(f"{times:9} {end}\n")
    sys.stdout.write(f"{ends.total()} mutants in {time.monotonic() - begun:.1f} s\n")


def numbers(first: int, *, rounds: int | None, seconds: float | None) -> Iterator[int]:
    """Yield the numbers of mutants until it is enough."""
    end = time.monotonic() + (seconds or float("inf"))
    try:
        for number in count(first):
            if time.monotonic() > end or number - first == rounds:
                return
            yield number
    except KeyboardInterrupt:
        return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="how many mutants; without it, until it is interrupted")
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that are findings")
    parser.add_argument("--without-qemu", action="store_true", help="only the seeds that need no program")
    return parser


def main() -> int:
    asked = _parser().parse_args()
    signal.signal(signal.SIGPROF, _too_slow)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="imgkit-fuzz-") as name:
        stage = Stage(Path(name), gather(Path(name), with_qemu=not asked.without_qemu))
        before = _peak_bytes()
        bound_memory()
        ends = fuzz(stage, numbers(asked.seed, rounds=asked.rounds, seconds=asked.seconds), asked.keep)
        grown = _peak_bytes() - before
    tell(ends, begun)
    sys.stdout.write(f"at most {grown // MiB} MiB above the fuzzer's own memory\n")
    return 1 if grown > MEMORY_BYTES or any(FINDING in end for end in ends) else 0


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KiB


if __name__ == "__main__":
    sys.exit(main())
