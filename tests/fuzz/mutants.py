"""How a valid image becomes a hostile one: numbers at known places, bits, splices, truncation."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz.seeds import Seed

_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_LONGEST_SPLICE = 600
_METADATA_BYTES = 3 * 1024 * 1024  # where headers and tables lie, in all that the seeds are


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """What differs from the seed: bytes at places, and the length."""

    seed: Seed
    patches: tuple[tuple[int, bytes], ...]
    length: int

    def content(self) -> bytes:
        made = bytearray(self.seed.content)
        for place, value in self.patches:
            made[place : place + len(value)] = value
        return bytes(made[: self.length])


def mutate(seed: Seed, others: Sequence[Seed], rng: Random) -> Mutant:
    """Return one mutant; in nine of ten its checksums fit, else they would end it all."""
    content = bytearray(seed.content)
    patches: list[tuple[int, bytes]] = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        place, value = _mutation(seed, content, others, rng)
        value = value[: max(0, len(content) - place)]
        content[place : place + len(value)] = value
        patches.append((place, value))
    if rng.random() < 0.9:
        patches += seed.seal(content)
    return Mutant(seed=seed, patches=tuple(patches), length=_length(len(content), rng))


def _mutation(seed: Seed, content: bytearray, others: Sequence[Seed], rng: Random) -> tuple[int, bytes]:
    kind = rng.random()
    if kind < 0.65 and seed.fields:
        return _number(seed, content, rng)
    place = rng.randrange(min(len(content), _METADATA_BYTES)) if rng.random() < 0.3 else _busy_place(seed, rng)
    if kind < 0.85:
        return place, bytes([content[place] ^ 1 << rng.randrange(8)])
    if kind < 0.92:
        return place, rng.randbytes(rng.choice((1, 4, 8, 16, 512)))
    other = rng.choice(others).content
    start = rng.choice((place, rng.randrange(len(other)))) % len(other)
    return place, other[start : start + rng.randrange(1, _LONGEST_SPLICE)]


def _busy_place(seed: Seed, rng: Random) -> int:
    """Headers are full, what lies between them is not: look for a byte that says something."""
    for _ in range(20):
        place = rng.randrange(min(len(seed.content), rng.choice((128, 512, 4096, 65536, _METADATA_BYTES))))
        if seed.content[place]:
            return place
    return 0


def _number(seed: Seed, content: bytearray, rng: Random) -> tuple[int, bytes]:
    place, form = rng.choice(seed.fields)
    width = struct.calcsize(form)
    if form.endswith("s"):
        return place, rng.randbytes(width)
    order = form[0]
    (current,) = struct.unpack_from(form, content, place)
    value = _interesting(seed, content, current, rng) % (1 << 8 * width)
    return place, struct.pack(order + _WIDTHS[width], value)


def _interesting(seed: Seed, content: bytearray, current: int, rng: Random) -> int:
    size = len(content)
    power = 1 << rng.randrange(64)
    other_place, other_form = rng.choice(seed.fields)
    other = 0 if other_form.endswith("s") else struct.unpack_from(other_form, content, other_place)[0]
    choices = (
        0, 1, 2, rng.randrange(256), power, power - 1, power + 1, -1, -2, -512, size, size - 1, size + 1, size // 512,
        size - 512, size - 1024, current + 1, current - 1, current * 2, current ^ power, current | power, current + 512,
        other, other + 1, current + rng.choice((4096, 65536, 1 << 20)), 512 * rng.randrange(4096), current | 1 << 62,
        rng.getrandbits(64),
    )  # fmt: skip
    found: int = rng.choice(choices)
    return found


def _length(size: int, rng: Random) -> int:
    if rng.random() < 0.85:
        return size
    return max(0, size - rng.choice((1, 511, 512, 513, 1024, 4096, rng.randrange(size), rng.randrange(size))))
