"""Tests of cli/compare.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.disks.fake_view import honest

from imgkit.digests import CHUNK_BYTES
from imgkit.units import MiB

CONTENT = b"disk" * MiB + b"end!" * 512


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(CONTENT)
    return path


def put(folder: Path, content: bytes) -> Path:
    path = folder / "other.raw"
    path.write_bytes(content)
    return path


def test_the_same_disk_is_said_with_its_root(disk: Path, tmp_path: Path):
    ended = imgkit("compare", disk, put(tmp_path, CONTENT))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"root: {honest(CONTENT).root}"


def test_a_difference_has_its_own_exit_code_and_its_place(disk: Path, tmp_path: Path):
    other = put(tmp_path, CONTENT[:-1] + b"?")
    ended = imgkit("compare", disk, other)
    assert (ended.code, ended.out) == (60, "")
    assert f"1 chunk of 4 MiB differs, at byte {CHUNK_BYTES}" in ended.err
    told = imgkit("compare", disk, other, "--json").data
    assert (told["equal"], told["differing_chunks"], told["first_differing_bytes"]) == (False, 1, [CHUNK_BYTES])
    assert [each["root"] for each in told["disks"]] == [honest(CONTENT).root, honest(CONTENT[:-1] + b"?").root]


def test_a_disk_is_held_against_the_chunk_digests_of_another(disk: Path, tmp_path: Path):
    chunks = tmp_path / "kept"
    assert imgkit("hash", "--guest", disk, "--chunks", chunks).code == 0
    assert imgkit("compare", disk, chunks).code == 0
    assert imgkit("compare", put(tmp_path, b"?" + CONTENT[1:]), chunks).code == 60


def test_chunk_digests_that_were_tampered_with_are_no_measure(disk: Path, tmp_path: Path):
    chunks = tmp_path / "kept"
    imgkit("hash", "--guest", disk, "--chunks", chunks)
    lines = chunks.read_text().splitlines(keepends=True)
    chunks.write_text("".join([lines[0], "0" * 64 + "\n", *lines[2:]]))
    ended = imgkit("compare", disk, chunks)
    assert ended.code == 4
    assert "does not fit" in ended.err


def test_an_image_that_is_not_there_is_no_difference(disk: Path, tmp_path: Path):
    assert imgkit("compare", disk, tmp_path / "missing").code == 83
