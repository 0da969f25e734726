"""Digests of guest views."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.disks.fake_view import FakeView, honest

from imgkit.digests import CHUNK_BYTES, zero_digest
from imgkit.disks.chunks import guest_sha256, pad_with_zeroes, take_chunk_digests, take_guest_digests
from imgkit.errors import Differs
from imgkit.model.disk import Extent, ExtentKind

HALF = CHUNK_BYTES // 2


def test_takes_the_digest_of_every_chunk_in_order() -> None:
    content = b"a" * CHUNK_BYTES + b"b" * CHUNK_BYTES + b"c" * 1000
    assert take_chunk_digests(FakeView(content), jobs=3) == honest(content)


def test_chunks_of_zeroes_are_not_read() -> None:
    content = bytes(2 * CHUNK_BYTES) + b"x" * CHUNK_BYTES + bytes(CHUNK_BYTES + 7)
    view = FakeView(
        content,
        [
            Extent(0, 2 * CHUNK_BYTES, ExtentKind.ZERO),
            Extent(2 * CHUNK_BYTES, CHUNK_BYTES, ExtentKind.DATA),
            Extent(3 * CHUNK_BYTES, CHUNK_BYTES + 7, ExtentKind.ZERO),
        ],
    )
    chunks = take_chunk_digests(view)
    assert chunks == honest(content)
    assert chunks.digests[0] == zero_digest()
    assert {place // CHUNK_BYTES for place in view.read_at} == {2}


def test_a_chunk_with_a_little_data_is_read_once() -> None:
    content = bytes(HALF) + b"x" * 512 + bytes(HALF - 1024) + b"y" * 512
    view = FakeView(
        content,
        [
            Extent(0, HALF, ExtentKind.ZERO),
            Extent(HALF, 512, ExtentKind.DATA),
            Extent(HALF + 512, HALF - 1024, ExtentKind.ZERO),
            Extent(CHUNK_BYTES - 512, 512, ExtentKind.DATA),
        ],
    )
    assert take_chunk_digests(view) == honest(content)
    assert len(set(view.read_at)) == len(view.read_at)


def test_the_flat_digest_is_that_of_the_raw_file() -> None:
    content = bytes(CHUNK_BYTES) + b"x" * 1000
    view = FakeView(content, [Extent(0, CHUNK_BYTES, ExtentKind.ZERO), Extent(CHUNK_BYTES, 1000, ExtentKind.DATA)])
    digests = take_guest_digests(view)
    assert digests.sha256 == guest_sha256(view) == hashlib.sha256(content).hexdigest()
    assert digests.chunks == honest(content)


def test_a_read_that_fails_is_raised() -> None:
    class Failing(FakeView):
        def read(self, offset: int, length: int) -> bytes:
            raise Differs("damaged here")

    with pytest.raises(Differs, match="damaged"):
        take_chunk_digests(Failing(bytes(10 * CHUNK_BYTES)), jobs=2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3 * CHUNK_BYTES), st.booleans()), min_size=1, max_size=4))
def test_extents_never_change_the_digests(runs: list[tuple[int, bool]]) -> None:
    content = b""
    extents = []
    for length, is_data in runs:
        kind = ExtentKind.DATA if is_data else ExtentKind.ZERO
        extents.append(Extent(len(content), length, kind))
        content += (b"d" if is_data else b"\0") * length
    assert take_chunk_digests(FakeView(content, extents), jobs=2) == honest(content)


def test_padding_is_the_digest_of_the_bytes_and_zeroes() -> None:
    content = b"x" * (CHUNK_BYTES + 1001)
    padded = pad_with_zeroes(honest(content), FakeView(content), CHUNK_BYTES + 1024)
    assert padded == honest(content + bytes(23))
    assert pad_with_zeroes(honest(content), FakeView(content), len(content)) == honest(content)


def test_padding_refuses_a_disk_that_has_changed_since() -> None:
    with pytest.raises(Differs, match="last chunk"):
        pad_with_zeroes(honest(b"x" * 1001), FakeView(b"y" * 1001), 1024)
