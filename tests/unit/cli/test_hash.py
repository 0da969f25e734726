"""Tests of cli/hash.py."""

import hashlib
from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.disks.fake_view import honest

from imgkit.digests import read_chunk_digests
from imgkit.units import MiB

CONTENT = b"disk" * MiB + b"end" * 512


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(CONTENT)
    return path


def test_the_root_and_the_flat_digest_are_printed(disk: Path):
    ended = imgkit("hash", "--guest", disk, "--sha256")
    assert ended.code == 0, ended.err
    root, flat = honest(CONTENT).root, hashlib.sha256(CONTENT).hexdigest()
    assert ended.out.splitlines()[1:] == [f"root:   {root}", f"sha256: {flat}"]
    told = imgkit("hash", "--guest", disk, "--json").data
    assert told == {"path": str(disk), "size": len(CONTENT), "root": root, "sha256": None, "notes": []}


def test_the_chunk_digests_go_into_a_file_and_over_nothing(disk: Path, tmp_path: Path):
    chunks = tmp_path / "disk.chunks"
    assert imgkit("hash", "--guest", disk, "--chunks", chunks).code == 0
    assert read_chunk_digests(chunks) == honest(CONTENT)
    assert imgkit("hash", "--guest", disk, "--chunks", chunks).code == 81
    assert imgkit("hash", "--guest", disk, "--chunks", chunks, "--force").code == 0


@pytest.mark.parametrize("name", ["disk.raw", "folder", "."])
def test_the_chunk_digests_never_go_over_the_image_or_a_folder(disk: Path, tmp_path: Path, name: str):
    (tmp_path / "folder").mkdir()
    ended = imgkit("hash", "--guest", disk, "--chunks", tmp_path / name, "--force")
    assert ended.code == 81, ended.err
    assert disk.read_bytes() == CONTENT


def test_a_place_for_the_chunk_digests_is_looked_at_before_the_disk_is_read(disk: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("imgkit.cli.hash.take_guest_digests", None)
    (tmp_path / "old").touch()
    assert imgkit("hash", "--guest", disk, "--chunks", tmp_path / "old").code == 81
    assert imgkit("hash", "--guest", disk, "--chunks", tmp_path / "missing" / "new").code == 83


def test_what_is_to_be_hashed_must_be_said(disk: Path):
    ended = imgkit("hash", disk)
    assert ended.code == 4
    assert "--guest" in ended.err


def test_an_odd_size_is_hashed_as_it_is_and_said(tmp_path: Path):
    path = tmp_path / "odd.raw"
    path.write_bytes(b"x" * 1000)
    ended = imgkit("hash", "--guest", path, "--format", "raw")
    assert f"root:   {honest(b'x' * 1000).root}" in ended.out
    assert "not a whole number of sectors" in ended.out
