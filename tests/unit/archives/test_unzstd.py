"""Zstandard streams, whole, and in bounded pieces."""

import contextlib
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.unzstd import Unzstd
from imgkit.errors import ArchiveDamaged, ArchiveError
from imgkit.units import KiB, MiB

NOISE = random.Random(4).randbytes(700_000)
MIXED = NOISE[:300_000] + bytes(MiB) + NOISE[300_000:] + b"words " * 50_000


def inflated(compressed: bytes, piece_bytes: int = 64 * KiB) -> bytes:
    pieces = [compressed[start : start + piece_bytes] for start in range(0, len(compressed), piece_bytes)]
    return b"".join(Unzstd(ByteStream(pieces)))


@pytest.mark.parametrize("level", [-5, 1, 3, 9, 19])
@pytest.mark.parametrize(
    "content", [b"", b"a", bytes(3 * MiB), NOISE, MIXED], ids=["none", "one", "zero", "noise", "all"]
)
def test_what_was_compressed_comes_out(content: bytes, level: int) -> None:
    assert inflated(zstandard.ZstdCompressor(level=level, write_checksum=True).compress(content)) == content
    assert inflated(zstandard.ZstdCompressor(level=level).compress(content), piece_bytes=777) == content


def test_no_block_is_larger_than_the_format_allows_whatever_it_holds() -> None:
    compressed = zstandard.ZstdCompressor().compress(bytes(64 * MiB))
    assert len(compressed) < 8 * KiB
    blocks = [len(block) for block in Unzstd(ByteStream([compressed]))]
    assert sum(blocks) == 64 * MiB
    assert max(blocks) <= 256 * KiB


def test_a_missing_checksum_is_told() -> None:
    for checked in (True, False):
        stream = Unzstd(ByteStream([zstandard.ZstdCompressor(write_checksum=checked).compress(NOISE)]))
        assert b"".join(stream) == NOISE
        assert stream.unchecked is not checked


def test_no_cut_stream_passes() -> None:
    compressed = zstandard.ZstdCompressor(write_checksum=True).compress(MIXED)
    for length in [*range(1, 40), *range(40, len(compressed), len(compressed) // 50), len(compressed) - 1]:
        with pytest.raises(ArchiveDamaged, match="cut off"):
            inflated(compressed[:length])


SEED = zstandard.ZstdCompressor(write_checksum=True).compress(b"a few words " * 400 + NOISE[:3000])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_altered_streams_are_refused_or_say_the_same(changes: list[tuple[int, int]]) -> None:
    altered = bytearray(SEED)
    for place, value in changes:
        altered[place] = value
    with contextlib.suppress(ArchiveError):
        assert inflated(bytes(altered)) == inflated(SEED)
