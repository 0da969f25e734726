"""Chunk digests of data alone are those of the whole."""

import hashlib
from pathlib import Path

import pytest

from imgkit.archives.chunk_hasher import ChunkHasher, hash_stored
from imgkit.digests import CHUNK_BYTES, zero_digest

RUNS = {
    "nothing": ((), 0),
    "only a hole": ((), 2 * CHUNK_BYTES + 5),
    "a hole that ends with a chunk": ((), CHUNK_BYTES),
    "a start": (((0, b"start"),), 100),
    "an end": (((CHUNK_BYTES - 3, b"end"),), CHUNK_BYTES),
    "over a border": (((CHUNK_BYTES - 3, b"border"),), 2 * CHUNK_BYTES),
    "twice in a chunk": (((5, b"a"), (900, b"b")), 5000),
    "chunks apart": (((7, b"a"), (3 * CHUNK_BYTES + 9, b"b")), 5 * CHUNK_BYTES + 1),
    "more than a chunk": (((10, b"x" * (2 * CHUNK_BYTES)),), 2 * CHUNK_BYTES + 20),
}


@pytest.mark.parametrize(("runs", "size"), RUNS.values(), ids=RUNS)
def test_gaps_are_zeroes(runs: tuple[tuple[int, bytes], ...], size: int, tmp_path: Path) -> None:
    whole = bytearray(size)
    hasher = ChunkHasher()
    for offset, data in runs:
        hasher.data(offset, memoryview(data))
        whole[offset : offset + len(data)] = data
    found = hasher.finish(size)
    expected = [hashlib.sha256(whole[at : at + CHUNK_BYTES]).digest() for at in range(0, size, CHUNK_BYTES)]
    assert list(found.digests) == expected
    (tmp_path / "disk").write_bytes(whole)
    with (tmp_path / "disk").open("rb") as file:
        assert hash_stored(file.fileno()) == found


def test_a_file_of_holes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "disk").open("wb") as out:
        out.truncate(3 * CHUNK_BYTES)
    monkeypatch.delattr("os.pread")
    with (tmp_path / "disk").open("rb") as file:
        assert hash_stored(file.fileno()).digests == (zero_digest(),) * 3
