"""Tests of disks/headers/packing.py."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.headers.packing import Packing, inflate
from imgkit.errors import NotADiskImage
from imgkit.units import KiB, MiB

BLOCK = bytes(range(256)) * 256


@pytest.fixture
def source(tmp_path: Path) -> ImageBytes:
    path = tmp_path / "disk"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        return ImageBytes(file, path)


def packed(content: bytes, packing: Packing) -> bytes:
    if packing is Packing.ZSTD:
        return zstandard.compress(content)
    bits = {Packing.RAW_DEFLATE: -12, Packing.ZLIB: 15}[packing]
    writer = zlib.compressobj(wbits=bits)
    return writer.compress(content) + writer.flush()


@pytest.mark.parametrize("packing", Packing)
def test_a_block_comes_back_whatever_follows_it_in_its_sector(source: ImageBytes, packing: Packing) -> None:
    assert inflate(source, packing, packed(BLOCK, packing) + b"garbage" * 40, len(BLOCK)) == BLOCK


def test_a_block_never_becomes_more_than_a_block(source: ImageBytes) -> None:
    bomb = packed(bytes(256 * MiB), Packing.RAW_DEFLATE)
    assert inflate(source, Packing.RAW_DEFLATE, bomb, 64 * KiB) == bytes(64 * KiB)


@pytest.mark.parametrize("packing", [Packing.ZLIB, Packing.ZSTD])
def test_a_stream_that_has_an_end_must_end_with_its_block(source: ImageBytes, packing: Packing) -> None:
    with pytest.raises(NotADiskImage, match="holds more than a block"):
        inflate(source, packing, packed(bytes(256 * MiB), packing), 64 * KiB)


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), lambda whole: whole[:-2]])
def test_a_wrong_or_missing_checksum_is_damage(source: ImageBytes, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NotADiskImage, match="compressed block"):
        inflate(source, Packing.ZLIB, damage(packed(BLOCK, Packing.ZLIB)), len(BLOCK))


@pytest.mark.parametrize("packing", Packing)
@pytest.mark.parametrize("content", [b"\xff" * 512, b"\x28\xb5\x2f\xfd" + b"\xff" * 60])
def test_a_damaged_block_is_named(source: ImageBytes, packing: Packing, content: bytes) -> None:
    with pytest.raises(NotADiskImage, match="compressed block is damaged"):
        inflate(source, packing, content, 64 * KiB)


@pytest.mark.parametrize("packing", Packing)
def test_a_block_that_is_cut_short_gives_no_more_than_it_has(source: ImageBytes, packing: Packing) -> None:
    whole = packed(bytes(range(256)) + BLOCK[::-1], packing)
    try:
        found = inflate(source, packing, whole[: len(whole) // 2], 64 * KiB)
    except NotADiskImage:
        return
    assert len(found) < 64 * KiB


def test_a_zstd_window_of_a_gigabyte_is_refused(source: ImageBytes) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = writer.compress(bytes(MiB)) + writer.flush()
    with pytest.raises(NotADiskImage):
        inflate(source, Packing.ZSTD, frame, 64 * KiB)
