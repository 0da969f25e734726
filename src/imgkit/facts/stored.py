"""Files that are mostly holes, such as lastlog, which may claim a terabyte: only what is stored of them is read."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from imgkit.units import MiB, describe_bytes

MOST_STRETCHES = 20_000
MOST_PIECES = 5_000
MOST_BYTES = 64 * MiB

Stretch = tuple[int, int]  # offset and length


@runtime_checkable
class ReadsStored(Protocol):
    """A file tree that knows where a file is more than a hole, and can read there."""

    def stored(self, path: bytes, *, most: int) -> Sequence[Stretch]:
        """Return the first `most` stretches that are stored, in order; the last may reach beyond the file's end."""
        ...

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        """Return at most `length` bytes from `offset` on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParts:
    """What is stored of a file, each piece with its offset; `left_out` says what was not read, empty where nothing was.

    `sha256` is over the pieces one after the other, `size` how many bytes these are.
    """

    pieces: tuple[tuple[int, bytes], ...]
    sha256: str
    size: int
    left_out: str


def read_stored(tree: ReadsStored, path: bytes, *, around: int) -> StoredParts:
    """Read what is stored of a file, and `around` bytes on either side, so that no record is cut in two.

    Raises NoSuchPathInside, CannotLookInside.
    """
    stretches = tree.stored(path, most=MOST_STRETCHES)
    chosen, left_out = _chosen(_merged(stretches, around))
    if not left_out and len(stretches) >= MOST_STRETCHES:
        left_out = f"only its first {MOST_STRETCHES} stretches were read"
    pieces = tuple((offset, tree.read_at(path, offset, length=length)) for offset, length in chosen)
    digest = hashlib.sha256()
    for _, data in pieces:
        digest.update(data)
    size = sum(len(data) for _, data in pieces)
    return StoredParts(pieces=pieces, sha256=digest.hexdigest(), size=size, left_out=left_out)


def _merged(stretches: Iterable[Stretch], around: int) -> Iterator[Stretch]:
    """Widen every stretch, and join those that then touch."""
    start = end = 0
    for offset, length in stretches:
        low, high = max(0, offset - around), offset + length + around
        if low > end:
            if end > start:
                yield start, end - start
            start = low
        end = max(end, high)
    if end > start:
        yield start, end - start


def _chosen(stretches: Iterable[Stretch]) -> tuple[list[Stretch], str]:
    """Take the first stretches, as many as the bounds allow, and say what was left out."""
    chosen: list[Stretch] = []
    room = MOST_BYTES
    for offset, length in stretches:
        if len(chosen) >= MOST_PIECES:
            return chosen, f"only its first {MOST_PIECES} stretches were read"
        if not room:
            break
        chosen.append((offset, min(length, room)))
        room -= min(length, room)
        if not room and length > chosen[-1][1]:
            break
    else:
        return chosen, ""
    return chosen, f"only the first {describe_bytes(MOST_BYTES)} of what is stored in it were read"
