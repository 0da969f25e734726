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
