"""Tests of files/cloning.py."""

from pathlib import Path

import pytest

from imgkit.errors import TargetExists
from imgkit.files.cloning import clone_file


def test_a_copy_has_the_same_bytes_and_is_a_file_of_its_own(tmp_path: Path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"evidence" * 1_000_000)
    clone_file(source, copy)
    with copy.open("r+b") as file:
        file.write(b"X")
    assert source.read_bytes() == b"evidence" * 1_000_000
    assert copy.read_bytes()[1:] == source.read_bytes()[1:]


def test_nothing_is_overwritten_and_nothing_is_left_of_what_failed(tmp_path: Path):
    (tmp_path / "source").write_bytes(b"a")
    (tmp_path / "copy").write_bytes(b"b")
    with pytest.raises(TargetExists):
        clone_file(tmp_path / "source", tmp_path / "copy")
    with pytest.raises(FileNotFoundError):
        clone_file(tmp_path / "none", tmp_path / "other")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "source"]
