"""Tests of stages/verify/sums_file.py."""

import hashlib
from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.model.manifest import Outcome
from imgkit.stages.verify import check_sums, is_sums_file


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    for name, content in (("a", b"one"), ("b c", b"two"), ("empty", b""), ("new\nline", b"three")):
        (tmp_path / name).write_bytes(content)
    lines = [
        f"{_sum(b'one')}  a",
        f"{_sum(b'two').upper()} *b c",
        "# a comment",
        f"SHA256 (empty) = {_sum(b'')}",
        f"\\{_sum(b'three')}  new\\nline",
        "",
    ]
    path = tmp_path / "SHA256SUMS"
    path.write_text("\n".join(lines))
    return path


def test_lines_of_coreutils_and_of_bsd_are_read(sums: Path):
    result = check_sums(sums)
    assert [link.subject for link in result.links] == ["a", "b c", "empty", "new\nline"]
    assert result.held


def test_what_differs_is_missing_or_unreadable_is_told_apart(sums: Path):
    (sums.parent / "a").write_bytes(b"One")
    (sums.parent / "empty").unlink()
    sums.write_text(sums.read_text() + "no sum at all\n")
    result = check_sums(sums)
    assert [(link.subject, link.detail) for link in result.of(Outcome.FAILED)] == [
        ("a", "it differs"),
        ("empty", "it is missing"),
    ]
    assert [link.subject for link in result.of(Outcome.UNDETERMINED)] == ["SHA256SUMS, line 6"]


@pytest.mark.parametrize(("algorithm", "kind"), [("md5", "MD5"), ("sha1", "SHA-1")])
def test_older_sums_are_read_too(tmp_path: Path, algorithm: str, kind: str):
    for name, content in (("a", b"one"), ("b", b"two"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
    one, two, none = (hashlib.new(algorithm, content).hexdigest() for content in (b"one", b"two", b""))
    sums = tmp_path / "sums"
    sums.write_text(f"{one}  a\n{algorithm.upper()} (b) = {two}\n{none}  empty\n")
    assert is_sums_file(sums)
    assert check_sums(sums).held
    (tmp_path / "b").write_bytes(b"Two")
    (link,) = check_sums(sums).of(Outcome.FAILED)
    assert (link.subject, link.link) == ("b", f"{kind} as in the file of sums")


def test_a_tag_that_does_not_fit_its_digits_is_no_sum(tmp_path: Path):
    (tmp_path / "sums").write_text(f"MD5 (a) = {_sum(b'one')}\n")
    assert not is_sums_file(tmp_path / "sums")


def test_holes_are_hashed_as_the_zeroes_that_they_are(tmp_path: Path):
    with (tmp_path / "disk").open("wb") as disk:
        disk.truncate(9 * 1024 * 1024)
    (tmp_path / "sums").write_text(f"{_sum(bytes(9 * 1024 * 1024))}  disk\n")
    assert check_sums(tmp_path / "sums").held


def test_only_a_file_that_begins_with_a_sum_is_one(sums: Path, tmp_path: Path):
    assert is_sums_file(sums)
    assert not is_sums_file(tmp_path / "a")
    assert not is_sums_file(tmp_path / "none")
    assert not is_sums_file(tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path):
    with pytest.raises(NotAccessible):
        check_sums(tmp_path / "none")
