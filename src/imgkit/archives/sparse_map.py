"""Sparse maps of GNU tar: which runs of a file are stored. Old GNU, pax 0.0, 0.1 and 1.0, checked alike.

The format is described in the appendix "Sparse Formats" of the manual of GNU tar.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence

from imgkit.archives.pax import decimal
from imgkit.archives.tar_block import BLOCK_BYTES, read_number
from imgkit.errors import ArchiveDamaged, ArchiveUnsafe

MOST_SEGMENTS = 2 * 1024 * 1024
LARGEST_DIGITS = 20

_NUMBER_BYTES = 12
_HEADER_ENTRIES = slice(386, 386 + 4 * 24)
_HEADER_EXTENDED = 482
_HEADER_REAL_SIZE = slice(483, 495)
_EXTENSION_ENTRIES = slice(0, 21 * 24)
_EXTENSION_EXTENDED = 504

ReadBlock = Callable[[], bytes]


class SparseMap:
    """The stored runs of one file of `size` bytes: in order, apart, inside. `stored_bytes` is their sum."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.stored_bytes = 0
        self._numbers = array("Q")
        self._end = 0

    def add(self, offset: int, length: int) -> None:
        """Append a run. Raises ArchiveUnsafe when it lies before the last one's end or behind the file's.

        Only the last data may end inside a block: GNU tar goes on with the next block then, others with the next byte.
        """
        if offset < self._end:
            raise ArchiveUnsafe("a sparse map is unordered or overlaps itself")
        if offset + length > self.size:
            raise ArchiveUnsafe(f"a sparse map reaches beyond the end of its file of {self.size} bytes")
        if length and self.stored_bytes % BLOCK_BYTES:
            raise ArchiveUnsafe(
                "a sparse map cuts its data in the middle of a block, which tar programs read in two ways"
            )
        if len(self._numbers) >= 2 * MOST_SEGMENTS:
            raise ArchiveUnsafe(f"a sparse map has more than {MOST_SEGMENTS} segments")
        self._end = offset + length
        self.stored_bytes += length
        self._numbers.extend((offset, length))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for place in range(0, len(self._numbers), 2):
            yield self._numbers[place], self._numbers[place + 1]

    def __len__(self) -> int:
        return len(self._numbers) // 2


def old_gnu_map(header: bytes, read_block: ReadBlock) -> SparseMap:
    """Read the map of an old GNU header and of the extension blocks that follow it."""
    found = SparseMap(read_number(header[_HEADER_REAL_SIZE], what="the real size of a sparse file"))
    more = _add_entries(found, header[_HEADER_ENTRIES], extended=bool(header[_HEADER_EXTENDED]))
    while more:
        block = read_block()
        more = _add_entries(found, block[_EXTENSION_ENTRIES], extended=bool(block[_EXTENSION_EXTENDED]))
    return found


def _add_entries(found: SparseMap, entries: bytes, *, extended: bool) -> bool:
    """Add the entries up to the first empty one; return whether more blocks follow."""
    for start in range(0, len(entries), 2 * _NUMBER_BYTES):
        offset = entries[start : start + _NUMBER_BYTES]
        length = entries[start + _NUMBER_BYTES : start + 2 * _NUMBER_BYTES]
        if not length[0]:
            if extended or entries[start:].strip(b"\0"):
                raise ArchiveDamaged("a sparse map goes on behind its own end")
            return False
        found.add(
            read_number(offset, what="an offset of a sparse map"), read_number(length, what="a length of a sparse map")
        )
    return extended


def pax_0_map(size: int, numbers: Sequence[bytes] | bytes, *, said_segments: bytes) -> SparseMap:
    """Read the map of pax format 0.0 (a list of numbers) or 0.1 (numbers apart by commas)."""
    found = SparseMap(size)
    pairs = iter(_comma_separated(numbers) if isinstance(numbers, bytes) else numbers)
    for offset in pairs:
        length = next(pairs, None)
        if length is None:
            raise ArchiveDamaged("a sparse map lacks its last length")
        _add_decimal(found, offset, length)
    if decimal(said_segments, what="the number of segments of a sparse map") != len(found):
        raise ArchiveDamaged("a sparse map has not the number of segments that it says")
    return found


def pax_1_map(size: int, read_block: ReadBlock) -> SparseMap:
    """Read the map of pax format 1.0, which stands in blocks before the data: a count, then offsets and lengths."""
    found = SparseMap(size)
    numbers = _lines(read_block)
    count = decimal(next(numbers), what="the number of segments of a sparse map")
    if count > MOST_SEGMENTS:
        raise ArchiveUnsafe(f"a sparse map claims {count} segments, more than {MOST_SEGMENTS}")
    for _ in range(count):
        _add_decimal(found, next(numbers), next(numbers))
    return found


def _add_decimal(found: SparseMap, offset: bytes, length: bytes) -> None:
    found.add(decimal(offset, what="an offset of a sparse map"), decimal(length, what="a length of a sparse map"))


def _comma_separated(text: bytes) -> Iterator[bytes]:
    """Yield the numbers one by one: a list of them all would take ten times the room of the text."""
    start = 0
    while start < len(text) and (comma := text.find(b",", start)) >= 0:
        yield text[start:comma]
        start = comma + 1
    if text:
        yield text[start:]


def _lines(read_block: ReadBlock) -> Iterator[bytes]:
    """Yield lines, reading one block more only when another line is asked for."""
    rest = b""
    while True:
        line, newline, after = rest.partition(b"\n")
        if newline:
            rest = after
            yield line
        elif len(rest) > LARGEST_DIGITS:
            raise ArchiveDamaged("the sparse map before the data is no list of numbers")
        else:
            rest += read_block()
