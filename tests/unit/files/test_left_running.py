from datetime import UTC, datetime
from pathlib import Path

import pytest

from imgkit.files.export_journal import ExportIntent, write_intent
from imgkit.files.left_running import LeftRunning, interruption_names_task
from imgkit.model.task import ExportRequest

REQUEST = ExportRequest(region_id="cn-hangzhou", image_id="m-1", bucket="evidence")
INTENT = ExportIntent(request=REQUEST, intended=datetime(2026, 11, 22, tzinfo=UTC))
RUNNING = ExportIntent(request=REQUEST, intended=datetime(2026, 11, 22, tzinfo=UTC), task_id="t-1")


def test_what_may_have_begun_what_goes_on_and_what_may_go_on_are_three_things():
    left = LeftRunning()
    assert left.words == ""
    left.expect(INTENT)
    assert left.words.startswith("an export of m-1 may have begun in the cloud")
    left.expect(RUNNING)
    assert left.words.startswith("the export task t-1 goes on in the cloud")
    assert "`imgkit tasks cancel t-1 --region cn-hangzhou` ends it" in left.words
    assert LeftRunning(RUNNING).words.startswith("the export task t-1 of an earlier run may still go on in the cloud")
    left.is_over()
    assert left.words == ""


def _interrupt(journal: Path, *, over: bool) -> None:
    with interruption_names_task(journal) as left:
        left.expect(RUNNING)
        if over:
            left.is_over()
        raise KeyboardInterrupt


def test_the_note_is_that_of_the_moment(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt) as caught:
        _interrupt(tmp_path / "export.json", over=False)
    assert [note[:28] for note in caught.value.__notes__] == ["the export task t-1 goes on "]
    with pytest.raises(KeyboardInterrupt) as caught:
        _interrupt(tmp_path / "export.json", over=True)
    assert not hasattr(caught.value, "__notes__")


def test_what_an_earlier_run_left_is_known_from_its_journal(tmp_path: Path):
    write_intent(tmp_path / "export.json", RUNNING)
    with pytest.raises(SystemExit) as caught, interruption_names_task(tmp_path / "export.json"):
        raise SystemExit
    assert "may still go on" in caught.value.__notes__[0]


def test_an_error_needs_no_note(tmp_path: Path):
    write_intent(tmp_path / "export.json", RUNNING)
    with pytest.raises(ValueError, match="no") as caught, interruption_names_task(tmp_path / "export.json"):
        raise ValueError("no")
    assert not hasattr(caught.value, "__notes__")
