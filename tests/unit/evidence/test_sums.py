"""Tests of evidence/sums.py."""

import hashlib
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from imgkit.evidence.sums import read_sums, write_sums
from imgkit.model.manifest import FileKind, FileRecord
from imgkit.process import run


def _record(name: str, content: bytes) -> FileRecord:
    digest = hashlib.sha256(content).hexdigest()
    return FileRecord(path=PurePosixPath(name), kind=FileKind.IMAGE, size=len(content), sha256=digest)


def test_names_are_sorted_and_read_again_whatever_they_hold(tmp_path):
    records = [_record(name, b"x") for name in ("system.raw", "a\nb", "back\\slash", "objects/ü.gz")]
    write_sums(tmp_path, records)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert lines == sorted(lines)
    assert {name for _, name in read_sums(tmp_path / "SHA256SUMS")} == {record.path.as_posix() for record in records}


def test_a_line_that_is_none_is_refused(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("hello\n")
    with pytest.raises(ValueError, match="hello"):
        list(read_sums(tmp_path / "SHA256SUMS"))


@pytest.mark.tools("sha256sum")
def test_sha256sum_reads_them(tmp_path):
    names = ("system.raw", "a\nb", "back\\slash")
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    write_sums(tmp_path, [_record(name, name.encode()) for name in names])
    run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path)


def test_no_other_line_border_than_a_newline_is_one(tmp_path):
    (tmp_path / "SHA256SUMS").write_bytes(b"a" * 64 + b"  one\x0b" + b"b" * 64 + b"  two\n")
    assert len(list(read_sums(tmp_path / "SHA256SUMS"))) == 1


def test_older_digests_have_files_of_their_own_only_where_a_file_has_them(tmp_path):
    plain = _record("system.raw", b"x")
    write_sums(tmp_path, [plain, replace(_record("a", b"y"), md5="0" * 32)])
    assert list(read_sums(tmp_path / "MD5SUMS", kind="MD5SUMS")) == [("0" * 32, "a")]
    assert not (tmp_path / "SHA1SUMS").exists()
    write_sums(tmp_path, [plain])
    assert [each.name for each in tmp_path.iterdir()] == ["SHA256SUMS"]


def test_digests_of_another_kind_are_refused(tmp_path):
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 32}  a\n")
    with pytest.raises(ValueError, match="no checksum"):
        list(read_sums(tmp_path / "SHA256SUMS"))
