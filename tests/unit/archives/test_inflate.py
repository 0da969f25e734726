"""Every member of a compressed file is inflated and held to its checksums, however the bytes arrive."""

import lzma
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.archives.tar_samples import gzipped, gzipped_members

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.inflate import GATHERED_BYTES, Bunzip2, Gunzip, Unxz, gather, refuse_trailing
from imgkit.errors import ArchiveDamaged, ArchiveError, ArchiveUnsafe

CONTENT = random.Random(7).randbytes(3000) + bytes(9000) + b"end"


def cut(data: bytes, step: int) -> Iterator[bytes]:
    return (data[start : start + step] for start in range(0, len(data), step))


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_header_fields_may_lie_across_two_reads(step: int) -> None:
    data = gzipped(CONTENT[:6000], name=b"n" * 30, extra=b"e" * 30, header_crc=True) + gzipped(
        CONTENT[6000:], name=b"x"
    )
    gunzip = Gunzip(ByteStream(cut(data, step)))
    assert b"".join(gunzip) == CONTENT
    assert (gunzip.members, gunzip.held) == (2, True)


def test_nothing_is_held_before_the_end() -> None:
    gunzip = Gunzip(ByteStream([gzipped(CONTENT)[:-1]]))
    with pytest.raises(ArchiveDamaged, match="cut off"):
        list(gunzip)
    assert not gunzip.held


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_single_change_goes_unnoticed(data: st.DataObject) -> None:
    """But in what gzip does not protect: the time, the name, the flags for the curious and the system."""
    sound = gzipped(CONTENT[:400])
    place = data.draw(st.integers(0, len(sound) - 1).filter(lambda at: at not in range(4, 10)))
    altered = bytearray(sound)
    altered[place] ^= data.draw(st.integers(1, 255))
    try:
        content = b"".join(Gunzip(ByteStream([bytes(altered)])))
    except ArchiveError:
        return
    assert content == CONTENT[:400]


def test_ten_thousand_members_take_no_time_to_speak_of() -> None:
    assert b"".join(Gunzip(ByteStream([gzipped_members(CONTENT, 1)]))) == CONTENT


def test_xz_that_asks_for_much_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 * 1024 * 1024}]
    data = lzma.compress(CONTENT, filters=filters)
    with pytest.raises(ArchiveUnsafe, match="memory"):
        list(Unxz(ByteStream([data])))


@pytest.mark.parametrize("kind", [Gunzip, Unxz, Bunzip2])
def test_noise_is_damage(kind: type[Gunzip | Unxz | Bunzip2]) -> None:
    with pytest.raises(ArchiveDamaged):
        list(kind(ByteStream([b"noise" * 100])))


def test_small_blocks_are_joined_and_large_ones_are_left() -> None:
    large = bytes(GATHERED_BYTES)
    assert [len(block) for block in gather([b"a", b"b", large, large, b"c"])] == [len(large) + 2, len(large), 1]


def test_only_zeroes_may_follow() -> None:
    refuse_trailing(ByteStream([bytes(5), bytes(9)]), after="it")
    stream = ByteStream([b"abc", bytes(9), b"\1"])
    stream.read(3)
    with pytest.raises(ArchiveDamaged, match="follows it, from byte 3"):
        refuse_trailing(stream, after="it")
