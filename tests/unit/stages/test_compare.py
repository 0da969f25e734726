"""Tests of stages/compare.py."""

from pathlib import Path

import pytest
from tests.unit.disks.fake_view import honest

from imgkit.digests import write_chunk_digests
from imgkit.errors import NotAccessible, SettingsError
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.stages.compare import compare_images, compare_with_chunks


def raw(folder: Path, name: str, content: bytes) -> DiskImage:
    path = folder / name
    path.write_bytes(content)
    return DiskImage(path=path, format=DiskFormat.RAW)


def test_the_same_bytes_are_the_same_disk(tmp_path: Path) -> None:
    found = compare_images(raw(tmp_path, "one", b"x" * 1024), raw(tmp_path, "two", b"x" * 1024))
    assert found.is_equal
    assert found.roots == (honest(b"x" * 1024).root,) * 2
    assert found.describe() == "equal"


@pytest.mark.parametrize("swapped", [False, True])
def test_zeroes_up_to_a_whole_sector_are_told_and_are_a_difference_all_the_same(tmp_path: Path, swapped: bool) -> None:
    pair = [raw(tmp_path, "odd", b"x" * 1000), raw(tmp_path, "padded", b"x" * 1000 + bytes(24))]
    first, second = reversed(pair) if swapped else pair
    found = compare_images(first, second)
    assert not found.is_equal
    assert found.padding_bytes == 24
    assert found.describe().endswith("the longer goes on with 24 zeroes to the end of its last sector")


@pytest.mark.parametrize(
    "longer",
    [b"y" * 1000 + bytes(24), b"x" * 1000 + bytes(23) + b"x", b"x" * 1000 + bytes(23), b"x" * 1000 + bytes(536)],
)
def test_anything_else_behind_the_end_is_no_padding(tmp_path: Path, longer: bytes) -> None:
    found = compare_images(raw(tmp_path, "odd", b"x" * 1000), raw(tmp_path, "longer", longer))
    assert (found.is_equal, found.padding_bytes) == (False, 0)


def test_a_disk_is_held_against_digests_that_were_kept(tmp_path: Path) -> None:
    chunks = tmp_path / "kept.chunks"
    write_chunk_digests(chunks, honest(b"x" * 1024))
    assert compare_with_chunks(raw(tmp_path, "same", b"x" * 1024), chunks).is_equal
    assert not compare_with_chunks(raw(tmp_path, "other", b"y" * 1024), chunks).is_equal


def test_digests_that_are_not_there_or_damaged_are_no_difference(tmp_path: Path) -> None:
    image = raw(tmp_path, "disk", b"x" * 1024)
    with pytest.raises(NotAccessible):
        compare_with_chunks(image, tmp_path / "missing")
    (tmp_path / "damaged").write_text("imgkit/chunks/1 size=1024 chunk=4194304 root=00\n-\n")
    with pytest.raises(SettingsError, match="does not fit"):
        compare_with_chunks(image, tmp_path / "damaged")
