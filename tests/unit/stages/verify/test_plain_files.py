"""Tests of stages/verify/plain_files.py."""

import hashlib
from pathlib import Path, PurePosixPath

import pytest

from imgkit.digests import crc64
from imgkit.model.manifest import FileKind, FileRecord, Outcome
from imgkit.progress import NULL_PROGRESS
from imgkit.stages.verify.plain_files import Known, check_plain


def _record(name: str, content: bytes, *, crc: int | None = None) -> FileRecord:
    digest = hashlib.sha256(content).hexdigest()
    return FileRecord(path=PurePosixPath(name), kind=FileKind.REPORT, size=len(content), sha256=digest, crc64=crc)


@pytest.mark.parametrize("content", [b"", b"report" * 1000])
@pytest.mark.parametrize("with_crc", [False, True])
def test_a_file_as_recorded_holds(tmp_path: Path, content: bytes, *, with_crc: bool):
    (tmp_path / "r").write_bytes(content)
    record = _record("r", content, crc=crc64(content) if with_crc else None)
    assert check_plain(tmp_path, record, NULL_PROGRESS).outcome is Outcome.HELD


@pytest.mark.parametrize(
    ("found", "words"), [(b"other", "SHA-256 differs"), (b"longer than it was", "it has 18 bytes and not 5")]
)
def test_what_differs_is_said(tmp_path: Path, found: bytes, words: str):
    (tmp_path / "r").write_bytes(found)
    link = check_plain(tmp_path, _record("r", b"bytes"), NULL_PROGRESS)
    assert (link.outcome, words in link.detail) == (Outcome.FAILED, True)


def test_a_crc_that_differs_is_said(tmp_path: Path):
    (tmp_path / "r").write_bytes(b"bytes")
    assert "CRC-64" in check_plain(tmp_path, _record("r", b"bytes", crc=1), NULL_PROGRESS).detail


def test_a_file_swapped_with_another_is_called_by_its_name(tmp_path: Path):
    records = (_record("one", b"1"), _record("two", b"22"))
    (tmp_path / "one").write_bytes(b"22")
    link = check_plain(tmp_path, records[0], NULL_PROGRESS, Known(records))
    assert link.detail.endswith(": these are the bytes of two")


def test_without_a_digest_nobody_can_say(tmp_path: Path):
    (tmp_path / "r").write_bytes(b"bytes")
    record = FileRecord(path=PurePosixPath("r"), kind=FileKind.IMAGE, size=5, sha256="")
    assert check_plain(tmp_path, record, NULL_PROGRESS).outcome is Outcome.UNDETERMINED
