"""Tests of digests.py."""

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.digests import (
    CHUNK_BYTES,
    ChunkDigests,
    chunk_count,
    chunk_length,
    combine_all_crc64,
    combine_crc64,
    crc64,
    is_chunk_digests,
    read_chunk_digests,
    write_chunk_digests,
    zero_digest,
)

DIGEST = hashlib.sha256(b"data").digest()


def test_the_crc_is_crc_64_xz():
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_crcs_of_two_parts_combine_to_that_of_both(first, second):
    assert combine_crc64(crc64(first), crc64(second), len(second)) == crc64(first + second)


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_crcs_of_many_parts_combine(parts):
    assert combine_all_crc64([(crc64(part), len(part)) for part in parts]) == crc64(b"".join(parts))


def test_a_crc_can_be_continued():
    assert crc64(b"world", crc64(b"hello ")) == crc64(b"hello world")


def test_the_digest_of_zeroes_is_that_of_zeroes():
    assert zero_digest() == hashlib.sha256(bytes(CHUNK_BYTES)).digest()
    assert zero_digest(512) == hashlib.sha256(bytes(512)).digest()


def test_the_last_chunk_may_be_short():
    assert (chunk_count(0), chunk_count(1), chunk_count(CHUNK_BYTES), chunk_count(CHUNK_BYTES + 1)) == (0, 1, 1, 2)
    assert chunk_length(CHUNK_BYTES + 1, 1) == 1


def test_the_root_depends_on_size_and_on_every_digest():
    one = ChunkDigests(size=512, digests=(DIGEST,))
    assert one.root != ChunkDigests(size=513, digests=(DIGEST,)).root
    assert one.root != ChunkDigests(size=512, digests=(zero_digest(512),)).root


def test_a_wrong_number_of_digests_is_refused():
    with pytest.raises(ValueError, match="1 chunks"):
        ChunkDigests(size=512, digests=())


def test_differing_chunks_are_numbered_and_a_tail_differs():
    a = ChunkDigests(size=2 * CHUNK_BYTES, digests=(DIGEST, zero_digest()))
    b = ChunkDigests(size=3 * CHUNK_BYTES, digests=(zero_digest(), zero_digest(), DIGEST))
    assert list(a.differing(b)) == [0, 2]


def test_chunk_digests_are_written_and_read_again(tmp_path):
    chunks = ChunkDigests(size=CHUNK_BYTES + 512, digests=(DIGEST, zero_digest(512)))
    write_chunk_digests(tmp_path / "system.chunks", chunks)
    assert (tmp_path / "system.chunks").read_text().splitlines()[1:] == [DIGEST.hex(), "-"]
    assert read_chunk_digests(tmp_path / "system.chunks") == chunks


@pytest.mark.parametrize(
    ("old", "new"),
    [("imgkit/chunks/1", "something"), ("chunk=4194304", "chunk=1"), ("root=", "root=00"), ("\n-", "\n")],
)
def test_damaged_chunk_digests_are_refused(tmp_path, old, new):
    path = tmp_path / "system.chunks"
    write_chunk_digests(path, ChunkDigests(size=CHUNK_BYTES + 512, digests=(DIGEST, zero_digest(512))))
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError):  # noqa: PT011  # each kind of damage has words of its own
        read_chunk_digests(path)


def test_chunk_digests_whose_header_lost_its_size_are_refused(tmp_path):
    (tmp_path / "chunks").write_text(f"imgkit/chunks/1 sIze=1 chunk={CHUNK_BYTES} root=x\n-\n")
    with pytest.raises(ValueError, match="invalid literal"):
        read_chunk_digests(tmp_path / "chunks")


@pytest.mark.parametrize("size", ["", "size=4 "])
def test_a_line_without_end_is_not_read_to_its_end(tmp_path, size):
    path = tmp_path / "chunks"
    path.write_text(f"imgkit/chunks/1 {size}chunk={CHUNK_BYTES} root=x\n" if size else "imgkit/chunks/1")
    os.truncate(path, 1 << 40)
    with pytest.raises(ValueError):  # noqa: PT011  # whichever of its fields is met first
        read_chunk_digests(path)


def test_more_digests_than_the_disk_has_chunks_are_refused(tmp_path):
    write_chunk_digests(tmp_path / "chunks", ChunkDigests(size=4, digests=(DIGEST,)))
    with (tmp_path / "chunks").open("a") as more:
        more.write("-\n" * 1000)
    with pytest.raises(ValueError, match="1 chunks, not 2"):
        read_chunk_digests(tmp_path / "chunks")


def test_a_file_of_chunk_digests_is_known_by_its_beginning_and_a_pipe_is_not_waited_for(tmp_path):
    write_chunk_digests(tmp_path / "chunks", ChunkDigests(size=4, digests=(DIGEST,)))
    (tmp_path / "other").write_bytes(b"imgkit")
    os.mkfifo(tmp_path / "pipe")
    names = ("chunks", "other", "pipe", "missing", ".")
    assert [name for name in names if is_chunk_digests(tmp_path / name)] == ["chunks"]
