"""Tests of evidence/lone.py."""

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from imgkit.evidence.lone import read_lone_record, record_path, write_lone_record
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import FileKind, FileRecord, Outcome, StepRecord

WHEN = datetime(2026, 11, 22, tzinfo=UTC)
RECORD = LoneRecord(
    created=WHEN,
    imgkit_version="1",
    source="oss://b/k",
    file=FileRecord(path=PurePosixPath("x.raw"), kind=FileKind.IMAGE, size=1, sha256="s", crc64=2**63),
    step=StepRecord(step="download", started=WHEN, ended=WHEN, outcome=Outcome.HELD),
)


def test_a_record_lies_beside_its_file_and_is_read_again(tmp_path):
    write_lone_record(tmp_path / "x.raw", RECORD)
    assert record_path(tmp_path / "x.raw").name == "x.raw.imgkit.json"
    assert read_lone_record(tmp_path / "x.raw") == RECORD


def test_no_record_is_none_and_a_damaged_one_is_refused(tmp_path):
    assert read_lone_record(tmp_path / "x.raw") is None
    record_path(tmp_path / "x.raw").write_text("{")
    with pytest.raises(ValueError):  # noqa: PT011  # each kind of damage has words of its own
        read_lone_record(tmp_path / "x.raw")
