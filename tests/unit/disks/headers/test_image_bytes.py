"""Exact reads and bounded tables of files that nobody trusts."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.errors import DiskImageUnsafe, NotAccessible, NotADiskImage
from imgkit.units import MiB, TiB


@pytest.fixture
def source(tmp_path: Path) -> Iterator[ImageBytes]:
    path = tmp_path / "image"
    path.write_bytes(bytes(range(256)) * 4)
    with path.open("rb") as file:
        yield ImageBytes(file, path)


def test_peeking_gives_what_is_there(source: ImageBytes) -> None:
    assert source.peek(1020, 100) == bytes([252, 253, 254, 255])
    assert source.peek(-512, 8) == b""
    assert source.peek(2**70, 8) == b""


def test_reading_beyond_the_end_names_the_part(source: ImageBytes) -> None:
    with pytest.raises(NotADiskImage, match="its footer should end at byte 1025, and the file ends at byte 1024"):
        source.read(1000, 25, "footer")


def test_reads_tables_in_either_order(source: ImageBytes) -> None:
    assert [list(piece) for piece in source.table(0, 2, width=4, order="big")] == [[0x00010203, 0x04050607]]
    assert [list(piece) for piece in source.table(0, 1, width=8, order="little")] == [[0x0706050403020100]]


def test_large_tables_come_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "table"
    with path.open("w+b") as file:
        file.truncate(4 * 200_000)
        pieces = [len(piece) for piece in ImageBytes(file, path).table(0, 200_000, width=4, order="big")]
    assert sum(pieces) == 200_000
    assert max(pieces) == 65536


@pytest.mark.parametrize(
    ("size", "error"), [(0, NotADiskImage), (511, NotADiskImage), (65 * TiB, DiskImageUnsafe), (-512, NotADiskImage)]
)
def test_refuses_sizes_that_no_disk_has(source: ImageBytes, size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        source.require_sane_size(size)


def test_shows_untrusted_words_short_and_harmless() -> None:
    assert shown(b"a\x1b[2J\n\xff") == '"a\\x1b[2J\\n\\xff"'
    assert len(shown(b"x" * 5000)) == 122
    assert "\u202e" not in shown("a\u202eb".encode())


def test_a_hole_is_known_and_data_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("w+b") as file:
        file.truncate(8 * MiB)
        file.seek(4 * MiB)
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
        source = ImageBytes(file, path)
        assert source.is_hole(MiB, MiB) or not path.stat().st_blocks * 512 < 4 * MiB
        assert not source.is_hole(4 * MiB - 512, 1024)
        assert not source.is_hole(4 * MiB, 1)
        assert not source.is_hole(8 * MiB - 1, 2)
        assert not source.is_hole(9 * MiB, 1)


def test_a_disk_that_fails_under_a_read_is_no_damaged_image(
    source: ImageBytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.pread", failing)
    with pytest.raises(NotAccessible, match=r"cannot read 4 bytes at 8 of .*Input/output error"):
        source.read(8, 4, "header")


class Interrupted(ImageBytes):
    """Whenever it has been asked for the remembered hole, another thread remembers one further on."""

    _remembered: tuple[int, int] = (0, 0)

    @property
    def _hole(self) -> tuple[int, int]:
        found, self._remembered = self._remembered, (6 * MiB, 8 * MiB)
        return found

    @_hole.setter
    def _hole(self, hole: tuple[int, int]) -> None:
        self._remembered = hole


def test_a_hole_that_another_thread_found_meanwhile_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("w+b") as file:
        file.truncate(8 * MiB)
        source = Interrupted(file, path)
        source._hole = (0, MiB)
        assert not source.is_hole(0, 2 * MiB)
