import bz2
import contextlib
import gzip
import lzma
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.inflating import BadCompression, inflate, is_compressed

TEXT = b"line of a log\n" * 5000
PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"x.gz": gzip.compress,
    b"x.xz": lzma.compress,
    b"x.bz2": bz2.compress,
    b"x.zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_each_kind_is_unpacked(name):
    assert inflate(name, PACKERS[name](TEXT), limit=10**6) == TEXT


def test_what_is_not_compressed_comes_as_it_is():
    assert inflate(b"wtmp.1", b"abc", limit=2) == b"ab"
    assert not is_compressed(b"wtmp-20260101")


@pytest.mark.parametrize("name", PACKERS)
def test_no_more_comes_out_than_was_asked_for(name):
    bomb = PACKERS[name](bytes(50 * 1024 * 1024))
    assert len(inflate(name, bomb, limit=1000)) == 1000


def test_members_one_after_the_other_are_one_file():
    assert inflate(b"x.gz", gzip.compress(b"a") + gzip.compress(b"b") + bytes(20), limit=10) == b"ab"


def test_a_damaged_file_gives_what_came_before():
    packed = bytearray(gzip.compress(bytes(range(256)) * 4096, compresslevel=0))
    packed[300_000:] = b"\xff" * 1000
    with pytest.raises(BadCompression) as caught:
        inflate(b"x.gz", bytes(packed), limit=10**7)
    assert caught.value.data.startswith(bytes(range(256)))


@given(st.sampled_from(sorted(PACKERS)), st.binary(), st.integers(0, 200))
def test_any_bytes_are_borne(name, noise, cut):
    for data in (noise, PACKERS[name](TEXT)[:cut] + noise):
        with contextlib.suppress(BadCompression):
            assert len(inflate(name, data, limit=1000)) <= 1000
