"""Tests of disks/file_pieces.py."""

import hashlib
import random
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.disks.file_pieces import measure_pieces
from imgkit.units import KiB, MiB

CONTENT = random.Random(7).randbytes(3 * MiB + 77)


@pytest.mark.parametrize("piece_bytes", [100 * KiB + 1, MiB, 2 * MiB, 5 * MiB])
def test_every_piece_and_the_whole_have_the_digests_of_their_bytes(tmp_path: Path, piece_bytes: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    found = measure_pieces(path, piece_bytes)
    assert (found.size, found.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert found.crc64 == crc64(CONTENT)
    starts = range(0, len(CONTENT), piece_bytes)
    assert found.pieces == tuple(crc64(CONTENT[at : at + piece_bytes]) for at in starts)


def test_an_empty_file_has_no_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    found = measure_pieces(path, MiB)
    assert (found.size, found.crc64, found.pieces) == (0, 0, ())
    assert found.sha256 == hashlib.sha256(b"").hexdigest()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        measure_pieces(tmp_path / "none", MiB)
