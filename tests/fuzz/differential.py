"""Whatever the guard accepts, imgkit's reader and QEMU's must agree on: `python -m tests.fuzz.differential --help`.

Run by hand: each mutant that is accepted takes a qemu-nbd of its own. One of the two may refuse; other bytes are a
finding.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

from tests.fuzz.headers import Stage, gather, numbers, report, tell
from tests.fuzz.mutants import Mutant, mutate

from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import ImgkitError
from imgkit.model.disk import Reader
from imgkit.ports import GuestView
from imgkit.units import KiB, MiB

_PIECE_BYTES = 64 * KiB
_WHOLE_BYTES = 4 * MiB
_MOST_PIECES = 64
_FINDING = "DIFFERENT"


def judge(path: Path, mutant: Mutant, rng: Random) -> str:
    """Return how the two readers compare on one mutant."""
    try:
        header = read_header(path, stated=mutant.seed.format)
    except ImgkitError:
        return "refused by the guard"
    try:
        ours = open_guarded(header)
    except ImgkitError:
        return "cannot be read"
    with ours:
        try:
            theirs = open_guarded(header, reader=Reader.QEMU)
        except ImgkitError as error:
            return f"refused by QEMU: {_plain(error.message)}"
        with theirs:
            return _compare(header, ours, theirs, rng)


def _compare(header: ImageHeader, ours: GuestView, theirs: GuestView, rng: Random) -> str:
    ends: Counter[str] = Counter()
    for start in _places(header, ours, rng):
        length = min(_PIECE_BYTES, header.virtual_size - start)
        one, other = _read(ours, start, length), _read(theirs, start, length)
        if isinstance(one, bytes) and isinstance(other, bytes) and one != other:
            return f"{_FINDING} at {start}: {_difference(one, other)}"
        ends[_outcome(one, other)] += 1
    return max(ends, key=lambda end: end != "equal")


def _outcome(one: bytes | str, other: bytes | str) -> str:
    if isinstance(one, bytes):
        return "equal" if isinstance(other, bytes) else f"only imgkit reads: {_plain(other)}"
    return f"only QEMU reads: {_plain(one)}" if isinstance(other, bytes) else "neither reads"


def _places(header: ImageHeader, ours: GuestView, rng: Random) -> list[int]:
    size = header.virtual_size
    if size <= _WHOLE_BYTES:
        return list(range(0, size, _PIECE_BYTES))
    starts = [each.start for each in islice(ours.extents(), _MOST_PIECES)]
    return [0, size - 512, *starts[:_MOST_PIECES], *(rng.randrange(size // 512) * 512 for _ in range(8))]


def _read(view: GuestView, start: int, length: int) -> bytes | str:
    try:
        return view.read(start, length)
    except ImgkitError as error:
        return error.message


def _difference(one: bytes, other: bytes) -> str:
    place = next(number for number, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    return f"+{place} imgkit {one[place : place + 8].hex()} QEMU {other[place : place + 8].hex()}"


def _plain(message: str) -> str:
    return "".join(c for c in message.rpartition(": ")[2] if not c.isdigit())[:90]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="how many mutants; without it, until it is interrupted")
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--only", default="", help="only seeds whose name begins like this")
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that are findings")
    return parser


def main() -> int:
    asked = _parser().parse_args()
    ends: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="imgkit-fuzz-") as name:
        stage = Stage(Path(name), gather(Path(name), with_qemu=True))
        seeds = [seed for seed in stage.seeds if seed.name.startswith(asked.only)]
        for number in numbers(asked.seed, rounds=asked.rounds, seconds=asked.seconds):
            rng = Random(number)
            mutant = mutate(rng.choice(seeds), stage.seeds, rng)
            with stage.showing(mutant) as path:
                end = judge(path, mutant, rng)
            if end.startswith(_FINDING):
                report(mutant, number, end, asked.keep)
            ends[f"{mutant.seed.format}: {end.partition(' at ')[0]}"] += 1
    tell(ends, begun)
    return 1 if any(_FINDING in end for end in ends) else 0


if __name__ == "__main__":
    sys.exit(main())
