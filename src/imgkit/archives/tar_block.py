"""One header block of a tar: its checksum, its numbers, its names. Anything doubtful is refused, not guessed.

Layout after POSIX.1-1988 (ustar), the older v7, GNU tar's own dialect and star's; tar.h of GNU tar describes all four.
"""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.errors import ArchiveDamaged, ArchiveUnsafe

BLOCK_BYTES = 512
ZERO_BLOCK = bytes(BLOCK_BYTES)
LARGEST_NUMBER = (1 << 63) - 1

_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE = slice(156, 157)
_MAGIC = slice(257, 265)
_PREFIX = slice(345, 500)
_NUMBERS = (slice(100, 108), slice(108, 116), slice(116, 124), _SIZE, slice(136, 148), _CHECKSUM)
_BLANK = b" \0"
_STAR_PREFIX_END, _STAR_ACCESSED, _STAR_CHANGED = 475, slice(476, 488), slice(488, 500)
_OCTAL_DIGITS = tuple(b"%d" % digit for digit in range(8))


class Dialect(StrEnum):
    V7 = "v7"
    USTAR = "ustar"
    STAR = "star"
    OLD_GNU = "old GNU"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderBlock:
    """What one header block says by itself, before any extended header has its say."""

    name: bytes
    type: bytes
    size: int
    dialect: Dialect
    raw: bytes


def parse_header(block: bytes) -> HeaderBlock:
    """Read a header block. Raises ArchiveDamaged and ArchiveUnsafe."""
    if not checksum_fits(block):
        raise ArchiveDamaged("the checksum of a tar header does not fit")
    dialect = _dialect(block)
    name = block[_NAME].split(b"\0", 1)[0]
    prefix = block[_PREFIX].split(b"\0", 1)[0] if dialect in {Dialect.USTAR, Dialect.STAR} else b""
    return HeaderBlock(
        name=prefix + b"/" + name if prefix else name,
        type=block[_TYPE],
        size=read_number(block[_SIZE], what="the size in a tar header"),
        dialect=dialect,
        raw=block,
    )


def checksum_fits(block: bytes) -> bool:
    """Say whether a block is a tar header with a right checksum; some old tars summed signed bytes."""
    if len(block) < BLOCK_BYTES or block[:BLOCK_BYTES] == ZERO_BLOCK:
        return False
    try:
        said = read_number(block[_CHECKSUM], what="the checksum")
    except (ArchiveDamaged, ArchiveUnsafe):
        return False
    counted = block[:148] + b" " * 8 + block[156:BLOCK_BYTES]
    unsigned = sum(counted)
    signed = unsigned - 256 * sum(byte >= 0x80 for byte in counted)
    return said in {unsigned, signed}


def resembles_header(block: bytes) -> bool:
    """Say whether a block was meant as a tar header, though its checksum does not fit."""
    if len(block) < BLOCK_BYTES:
        return False
    if block[_MAGIC][:5] == b"ustar":
        return True
    return bool(block[0]) and all(_octal(block[field]) is not None and block[field].strip(_BLANK) for field in _NUMBERS)


def read_number(field: bytes, *, what: str) -> int:
    """Read an octal or base-256 number. Raises ArchiveDamaged, and ArchiveUnsafe beyond 63 bits or below zero."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") - (1 << (8 * len(field) - 1))
        if field[0] == 0xFF:
            raise ArchiveUnsafe(f"{what} is negative")
    else:
        octal = _octal(field)
        if octal is None:
            raise ArchiveDamaged(f"{what} is no number")
        value = octal
    if value > LARGEST_NUMBER:
        raise ArchiveUnsafe(f"{what} is absurd: {value} bytes")
    return value


def _octal(field: bytes) -> int | None:
    """Return the number of an octal field, 0 for a blank one, None for anything else; a NUL ends the digits."""
    digits, _, rest = field.lstrip(b" ").partition(b"\0")
    digits = digits.rstrip(b" ")
    if rest.strip(_BLANK) or digits.strip(b"01234567"):
        return None
    return int(digits, 8) if digits else 0


def _dialect(block: bytes) -> Dialect:
    """Tell them apart as GNU tar's list.c does, byte for byte: what a sparse member is depends on it."""
    magic = block[_MAGIC]
    if magic == b"ustar  \0":
        return Dialect.OLD_GNU
    if magic[:6] != b"ustar\0":
        return Dialect.V7
    times = (block[_STAR_ACCESSED], block[_STAR_CHANGED])
    if block[_STAR_PREFIX_END] == 0 and all(time[:1] in _OCTAL_DIGITS and time[11:] == b" " for time in times):
        return Dialect.STAR
    return Dialect.USTAR
