"""Tests of files/export_journal.py."""

from datetime import UTC, datetime

from imgkit.files.export_journal import ExportIntent, read_intent, write_intent
from imgkit.model.task import ExportRequest

INTENT = ExportIntent(
    request=ExportRequest(region_id="cn-hangzhou", image_id="m-1", bucket="b", prefix="p"),
    intended=datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
    known_tasks=("t-1", "t-2"),
    task_id="t-3",
)


def test_an_intent_is_read_as_it_was_written(tmp_path):
    write_intent(tmp_path / "new" / "export.json", INTENT)
    assert read_intent(tmp_path / "new" / "export.json") == INTENT


def test_no_journal_and_a_damaged_one_are_none(tmp_path):
    path = tmp_path / "export.json"
    assert read_intent(path) is None
    for text in ("", "{}", '{"request": 5}', "[]"):
        path.write_text(text)
        assert read_intent(path) is None
