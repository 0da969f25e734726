"""Tests of disks/source_files.py."""

import os
from pathlib import Path

import pytest

from imgkit.disks.guard import read_header
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.source_files import refuse_target, require_unchanged, states_of
from imgkit.errors import Differs, NotAccessible, TargetExists
from imgkit.model.formats import DiskFormat


@pytest.fixture
def header(tmp_path: Path) -> ImageHeader:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(512))
    return read_header(path, stated=DiskFormat.RAW)


def test_the_source_is_never_written_over_under_no_name_of_it(header: ImageHeader, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(header.path)
    (tmp_path / "twin").hardlink_to(header.path)
    for name in ("disk.raw", "link", "twin"):
        with pytest.raises(TargetExists, match="the source itself"):
            refuse_target(tmp_path / name, header, overwrite=True)


def test_what_is_there_is_overwritten_only_when_asked_and_a_folder_never(header: ImageHeader, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    (tmp_path / "folder").mkdir()
    refuse_target(tmp_path / "new", header)
    refuse_target(tmp_path / "old", header, overwrite=True)
    for name, overwrite in (("old", False), ("folder", True)):
        with pytest.raises(TargetExists):
            refuse_target(tmp_path / name, header, overwrite=overwrite)
    with pytest.raises(NotAccessible, match="no folder"):
        refuse_target(tmp_path / "missing" / "new", header)
    with pytest.raises(NotAccessible, match="old is no folder"):
        refuse_target(tmp_path / "old" / "new", header)


def test_a_source_that_was_written_to_or_is_gone_is_noticed(header: ImageHeader) -> None:
    before = states_of(header)
    header.path.read_bytes()
    require_unchanged(header, before)
    os.utime(header.path, ns=(1, 1))
    with pytest.raises(Differs, match="has changed"):
        require_unchanged(header, before)
    header.path.unlink()
    with pytest.raises(NotAccessible):
        require_unchanged(header, before)
