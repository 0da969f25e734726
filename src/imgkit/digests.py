"""Digests of disk bytes: chunk digests with their root, CRC-64/XZ and how two of them combine.

Chunk digests are the SHA-256 of every 4 MiB of a guest view (the last chunk may be shorter); the digest of a chunk of
zeroes is a constant, so holes cost nothing. The root is the SHA-256 over a short header, the size and all digests:
two guest views have the same root exactly if they have the same size and the same bytes.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TextIO

import fastcrc

from imgkit.opening import open_evidence
from imgkit.units import MiB

CHUNK_BYTES = 4 * MiB
ZERO_CHUNK = bytes(CHUNK_BYTES)

_CHUNKS_MAGIC = "imgkit/chunks/1"
_LONGEST_LINE = 256  # a digest has 64 digits; a damaged file may be one line without end
_ROOT_HEADER = b"imgkit/chunks/1\n"
_CRC64_POLYNOMIAL = 0xC96C5795D7870F42  # ECMA-182, reflected: CRC-64/XZ, what OSS sends as x-oss-hash-crc64ecma


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDigests:
    """The chunk digests of one guest view of `size` bytes, in order."""

    size: int
    digests: tuple[bytes, ...]

    def __post_init__(self) -> None:
        expected = chunk_count(self.size)
        if len(self.digests) != expected:
            raise ValueError(f"{self.size} bytes have {expected} chunks, not {len(self.digests)}")

    @property
    def root(self) -> str:
        """The hexadecimal digest over size and chunk digests."""
        over = hashlib.sha256(_ROOT_HEADER)
        over.update(f"{self.size} {CHUNK_BYTES}\n".encode())
        for digest in self.digests:
            over.update(digest)
        return over.hexdigest()

    def differing(self, other: "ChunkDigests") -> Iterator[int]:
        """Yield the numbers of the chunks that differ; chunks that only one of the two has differ."""
        shared = min(len(self.digests), len(other.digests))
        for number in range(max(len(self.digests), len(other.digests))):
            if number >= shared or self.digests[number] != other.digests[number]:
                yield number


def empty_vector_registers() -> None:
    """Let SHA-256 go at full speed in this thread, and in the threads that it starts.

    ISA-L's CRC-32 leaves the upper halves of the vector registers in use. The processor's own instructions for SHA-256
    take a third longer then: 1.26 GiB/s instead of 1.69, measured on an AMD EPYC (Zen 4). OpenSSL's SHA-512 empties
    them when it ends (VZEROUPPER), which costs a microsecond.
    """
    hashlib.sha512(b"").digest()


def chunk_count(size: int) -> int:
    """Return how many chunks a guest view of `size` bytes has."""
    return -(-size // CHUNK_BYTES)


@lru_cache(maxsize=64)
def zero_digest(length: int = CHUNK_BYTES) -> bytes:
    """Return the SHA-256 of `length` zeroes, at most a chunk's worth."""
    return hashlib.sha256(memoryview(ZERO_CHUNK)[:length]).digest()


def write_chunk_digests(path: Path, chunks: ChunkDigests) -> None:
    """Write chunk digests as text: a header, then one hexadecimal digest a line; `-` stands for a chunk of zeroes."""
    with path.open("w", encoding="ascii") as out:
        out.write(f"{_CHUNKS_MAGIC} size={chunks.size} chunk={CHUNK_BYTES} root={chunks.root}\n")
        for number, digest in enumerate(chunks.digests):
            out.write(("-" if digest == zero_digest(chunk_length(chunks.size, number)) else digest.hex()) + "\n")


def read_chunk_digests(path: Path) -> ChunkDigests:
    """Read what `write_chunk_digests` wrote. Raises ValueError when it is malformed or its root does not fit."""
    with io.TextIOWrapper(io.BufferedReader(open_evidence(path)), encoding="ascii") as lines:  # type: ignore[type-var]  # a FileIO in truth
        header = lines.readline(_LONGEST_LINE).split()
        if header[:1] != [_CHUNKS_MAGIC]:
            raise ValueError(f"{path} holds no chunk digests")
        fields = dict(part.partition("=")[::2] for part in header[1:])
        if fields.get("chunk") != str(CHUNK_BYTES):
            raise ValueError(f"{path} uses chunks of {fields.get('chunk')} bytes, this version {CHUNK_BYTES}")
        size = int(fields.get("size", ""))
        chunks = ChunkDigests(size=size, digests=tuple(_parse_digests(lines, size)))
    if chunks.root != fields.get("root"):
        raise ValueError(f"the root in {path} does not fit its digests")
    return chunks


def is_chunk_digests(path: Path) -> bool:
    """Say whether a file begins as `write_chunk_digests` writes; a file that cannot be read does not."""
    if not path.is_file():  # opening a pipe would wait for whoever writes into it
        return False
    try:
        with open_evidence(path) as file:
            return file.read(len(_CHUNKS_MAGIC) + 1) == _CHUNKS_MAGIC.encode() + b" "
    except OSError:
        return False


def chunk_length(size: int, number: int) -> int:
    """Return the length of chunk `number` of a guest view of `size` bytes."""
    return min(CHUNK_BYTES, size - number * CHUNK_BYTES)


def _parse_digests(lines: TextIO, size: int) -> Iterator[bytes]:
    """Yield one digest more than there may be where there are more: whoever counts them refuses that."""
    bounded = iter(lambda: lines.readline(_LONGEST_LINE), "")
    for number, line in enumerate(islice(bounded, max(0, chunk_count(size)) + 1)):
        word = line.strip()
        yield zero_digest(chunk_length(size, number)) if word == "-" else bytes.fromhex(word)


def crc64(data: bytes | memoryview, initial: int = 0) -> int:
    """Return the CRC-64/XZ of `data` appended to what `initial` stands for."""
    return fastcrc.crc64.xz(data, initial)


def combine_crc64(first: int, second: int, second_length: int) -> int:
    """Return the CRC-64/XZ of A+B from those of A and of B and the length of B."""
    if second_length == 0:
        return first
    return _multiply(_power_of_x(8 * second_length), first) ^ second


def combine_all_crc64(parts: Sequence[tuple[int, int]]) -> int:
    """Return the CRC-64/XZ of the concatenation of parts, each given as (CRC, length)."""
    total = 0
    for crc, length in parts:
        total = combine_crc64(total, crc, length)
    return total


@lru_cache(maxsize=256)
def _power_of_x(exponent: int) -> int:
    """Return x**exponent modulo the polynomial; in reflected order the highest bit is x**0."""
    result = 1 << 63
    square = 1 << 62  # x**1
    while exponent:
        if exponent & 1:
            result = _multiply(result, square)
        square = _multiply(square, square)
        exponent >>= 1
    return result


def _multiply(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2), reflected, modulo the CRC's polynomial."""
    product = 0
    for bit in range(63, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (_CRC64_POLYNOMIAL if right & 1 else 0)
    return product
