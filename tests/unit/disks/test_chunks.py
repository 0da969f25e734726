"""Digests of guest views."""

import hashlib
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.digests import CHUNK_BYTES, ChunkDigests, zero_digest
from imgkit.disks.chunks import compare, guest_sha256, pad_with_zeroes, take_chunk_digests, take_guest_digests
from imgkit.errors import Differs
from imgkit.model.disk import Extent, ExtentKind

HALF = CHUNK_BYTES // 2


class FakeView:
    """Bytes in memory, with the extents that a test says."""

    def __init__(self, content: bytes, extents: list[Extent] | None = None) -> None:
        self.content = content
        self._extents = extents if extents is not None else [Extent(0, len(content), ExtentKind.DATA)]
        self.read_at: list[int] = []
        self.lock = threading.Lock()

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        with self.lock:
            self.read_at.append(offset)
        return self.content[offset : offset + length]

    def extents(self) -> Iterator[Extent]:
        return iter(self._extents)

    def close(self) -> None:
        """Nothing to close."""


def honest(content: bytes) -> ChunkDigests:
    pieces = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    return ChunkDigests(size=len(content), digests=tuple(hashlib.sha256(piece).digest() for piece in pieces))


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


def test_comparing_names_the_first_chunks_that_differ() -> None:
    first = honest(bytes(4 * CHUNK_BYTES))
    second = honest(bytes(CHUNK_BYTES) + b"x" + bytes(3 * CHUNK_BYTES - 1))
    comparison = compare(first, second)
    assert not comparison.is_equal
    assert comparison.first_differing == (1,)
    assert str(CHUNK_BYTES) in comparison.describe()
    assert compare(first, first).is_equal


def test_equal_bytes_of_different_size_are_not_equal() -> None:
    comparison = compare(honest(bytes(512)), honest(bytes(1024)))
    assert not comparison.is_equal
    assert comparison.describe() == "512 bytes against 1024"


def test_padding_is_the_digest_of_the_bytes_and_zeroes() -> None:
    content = b"x" * (CHUNK_BYTES + 1001)
    padded = pad_with_zeroes(honest(content), FakeView(content), CHUNK_BYTES + 1024)
    assert padded == honest(content + bytes(23))
    assert pad_with_zeroes(honest(content), FakeView(content), len(content)) == honest(content)


def test_padding_refuses_a_disk_that_has_changed_since() -> None:
    with pytest.raises(Differs, match="last chunk"):
        pad_with_zeroes(honest(b"x" * 1001), FakeView(b"y" * 1001), 1024)
