"""A disk on its way to a file and its digests."""

import hashlib

import pytest

from imgkit.archives import disk_sink
from imgkit.archives.disk_sink import DiskSink
from imgkit.archives.tar_reader import Hole
from imgkit.digests import CHUNK_BYTES
from imgkit.errors import ArchiveUnsafe
from imgkit.units import MiB

DISK = b"start" + bytes(2 * CHUNK_BYTES) + b"end"


def test_data_and_holes_have_the_digests_of_the_whole() -> None:
    stored: list[tuple[int, bytes]] = []
    with DiskSink(lambda offset, data: stored.append((offset, bytes(data)))) as sink:
        sink.take(memoryview(b"start"))
        sink.take(Hole(length=2 * CHUNK_BYTES))
        sink.take(memoryview(b"end"))
        sunk = sink.finish()
    assert (sunk.size, sunk.sha256) == (len(DISK), hashlib.sha256(DISK).hexdigest())
    assert sunk.chunks.digests[0] == hashlib.sha256(DISK[:CHUNK_BYTES]).digest()
    assert sunk.chunks.digests[2] == hashlib.sha256(DISK[2 * CHUNK_BYTES :]).digest()
    assert stored == [(0, b"start".ljust(4096, b"\0")), (2 * CHUNK_BYTES, bytes(5) + b"end")]
    assert sunk.data_bytes == 4096 + 8


def test_long_holes_are_hashed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_sink, "_LONGEST_STEP", 1000)
    with DiskSink(lambda *_: None) as sink:
        sink.take(Hole(length=50001))
        assert sink.finish().sha256 == hashlib.sha256(bytes(50001)).hexdigest()


def test_small_runs_are_joined_and_stay_in_order() -> None:
    stored: list[tuple[int, bytes]] = []
    disk = b""
    with DiskSink(lambda offset, data: stored.append((offset, bytes(data)))) as sink:
        for number in range(200):
            data = bytes([number + 1]) * (40_000 if number % 50 == 9 else 512)
            sink.take(memoryview(data))
            sink.take(Hole(length=4096))
            disk += data + bytes(4096)
        sunk = sink.finish()
    assert sunk.sha256 == hashlib.sha256(disk).hexdigest()
    assert len(stored) < 200
    canvas = bytearray(len(disk))
    for offset, data in stored:
        canvas[offset : offset + len(data)] = data
    assert canvas == disk


def test_hashing_alone_stores_nothing_and_counts_the_same() -> None:
    stored: list[int] = []
    with DiskSink(lambda offset, _: stored.append(offset)) as sink:
        sink.hash_only()
        sink.take(memoryview(DISK))
        sunk = sink.finish()
    assert stored == []
    assert (sunk.sha256, sunk.data_bytes) == (hashlib.sha256(DISK).hexdigest(), 4096 + 8)


def test_a_size_is_asked_for_before_it_is_reached() -> None:
    asked: list[int] = []

    def check(size: int) -> None:
        asked.append(size)
        if size > 10:
            raise ArchiveUnsafe("too large")

    with DiskSink(lambda *_: None, check_size=check) as sink:
        sink.take(memoryview(b"0123456789"))
        with pytest.raises(ArchiveUnsafe):
            sink.take(Hole(length=1))
    assert asked == [10, 11]


def test_what_storing_fails_with_comes_back() -> None:
    def fail(_offset: int, _data: memoryview) -> None:
        raise OSError("gone")

    with DiskSink(fail) as sink:
        sink.take(memoryview(b"\1" * 8192))
        with pytest.raises(OSError, match="gone"):
            sink.finish()


def test_a_small_run_of_data_does_not_keep_the_block_around_it() -> None:
    block = b"\1" * 4096 + bytes(MiB)
    with DiskSink(lambda *_: None) as sink:
        sink.take(memoryview(block))
        kept = sink._runs[0][1]
        assert kept.obj is not block
        assert kept == block[:4096]
        sink.finish()
