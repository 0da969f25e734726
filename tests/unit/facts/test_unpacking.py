import bz2
import gzip
import itertools
import lzma
from collections.abc import Callable, Iterator

import lz4.block
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.unpacking import BadPacking, PieceReader, packing_of, unpack

DATA = bytes(range(256)) * 5000


def legacy_lz4(data: bytes) -> bytes:
    packed: bytes = lz4.block.compress(data, store_size=False)
    return b"\x02\x21\x4c\x18" + len(packed).to_bytes(4, "little") + packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": legacy_lz4,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def unpacked(data: bytes, most: int = 10**9) -> bytes:
    return b"".join(unpack(PieceReader(pieces(data), most=most)))


@pytest.mark.parametrize("name", PACKERS)
def test_every_packing_is_named_and_undone(name):
    packed = PACKERS[name](DATA)
    assert packing_of(packed) == name
    assert unpacked(packed) == DATA


@pytest.mark.parametrize("name", PACKERS)
def test_a_packing_cut_short_or_damaged_never_ends_in_another_error(name):
    packed = PACKERS[name](DATA)
    for damaged in (packed[: len(packed) // 2], packed[:20] + bytes(40) + packed[60:]):
        try:
            found = unpacked(damaged)
        except BadPacking:
            continue
        assert found != DATA or name == "lz4"


def test_what_is_not_packed_is_refused():
    assert packing_of(b"plain") == ""
    with pytest.raises(BadPacking, match="not known"):
        unpacked(b"plain")


def test_a_bomb_is_given_out_in_bounded_pieces():
    packed = zstandard.ZstdCompressor().compress(bytes(200 * 1024 * 1024))
    assert len(packed) < 20_000
    first = next(unpack(PieceReader(pieces(packed), most=10**9)))
    assert len(first) <= 256 * 1024


def test_reading_looking_ahead_and_skipping_go_together():
    reader = PieceReader(pieces(b"abcdefghij" + bytes(9000) + b"xyz", 3), most=10**6)
    assert (reader.peek(4), reader.read(2), reader.peek(2), reader.skip(3), reader.read(5)) == (
        b"abcd", b"ab", b"cd", 3, b"fghij",
    )  # fmt: skip
    reader.skip_zeroes()
    assert (reader.read(100), reader.read(1), reader.skip(1)) == (b"xyz", b"", 0)


def test_more_than_was_allowed_is_not_read():
    with pytest.raises(BadPacking, match="more than"):
        PieceReader(itertools.repeat(b"x" * 1000), most=10_000).skip(10**9)


@given(st.sampled_from(list(PACKERS)), st.binary(max_size=200), st.binary(max_size=20))
def test_any_bytes_behind_a_magic_number_end_in_bytes_or_in_its_own_error(name, data, tail):
    try:
        unpacked(PACKERS[name](b"abc")[:8] + data + tail)
    except BadPacking:
        return
