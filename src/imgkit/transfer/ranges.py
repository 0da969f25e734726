"""Which parts an object is fetched in: plain arithmetic."""

from dataclasses import dataclass

from imgkit.units import MiB, round_up

MAX_PARTS = 32 * 1024  # a journal and a parts file of a few megabytes, whatever the size of the object
SMALLEST_PART_BYTES = 4 * MiB  # below it, asking takes longer than answering
LARGEST_PART_BYTES = 16 * MiB  # unless MAX_PARTS wants more: damage is mended by the part


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `start` on."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length

    def without_first(self, count: int) -> "ByteRange":
        """Return what is left when the first `count` bytes are there."""
        return ByteRange(self.start + count, self.length - count)

    def __str__(self) -> str:
        return f"bytes {self.start}-{self.end - 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlan:
    """An object of `size` bytes in parts of `part_bytes` each; the last may be shorter."""

    size: int
    part_bytes: int

    def __post_init__(self) -> None:
        if self.size < 0 or self.part_bytes < 1:
            raise ValueError(f"{self.size} bytes cannot be had in parts of {self.part_bytes}")

    @property
    def count(self) -> int:
        return -(-self.size // self.part_bytes)

    def part(self, number: int) -> ByteRange:
        """Return where part `number` lies."""
        if not 0 <= number < self.count:
            raise ValueError(f"there is no part {number} among {self.count}")
        start = number * self.part_bytes
        return ByteRange(start, min(self.part_bytes, self.size - start))


def plan_parts(size: int, *, part_bytes: int | None = None) -> PartPlan:
    """Choose the part size from the size of the object; a wish is followed as far as MAX_PARTS allows."""
    fewest = -(-size // MAX_PARTS)
    if part_bytes is not None:
        return PartPlan(size=size, part_bytes=max(part_bytes, fewest))
    fitting = min(max(size // 64, SMALLEST_PART_BYTES), LARGEST_PART_BYTES)
    return PartPlan(size=size, part_bytes=round_up(max(fitting, fewest), MiB))
