"""Tests of pipeline/exporting.py."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import Road, RoadCloud, finished, services, waiting
from tests.unit.stages.cloud_fakes import IMAGE_ID, image, lives, task

from imgkit.errors import ExportCancelled, ExportFailed, NoSuchImageOrTask, NotExportable, SettingsError, TransferError
from imgkit.model.formats import DiskFormat
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.model.task import TaskFailure, TaskState
from imgkit.pipeline.exporting import ExportChoices, Exported, export_request, export_to_bucket, raise_refusal
from imgkit.ports import ExportRunning


def _export(road: Road, told: list[Finding] | None = None, **choices: Any) -> Exported:
    known = {"image_id": IMAGE_ID, "prefix": "new"} | choices
    seen = [] if told is None else told
    return export_to_bucket(road.services, ExportChoices(**known), waiting(), tell=seen.extend)


def _journals(road: Road) -> list[str]:
    return [each.name for each in (road.services.folders.state / "exports").glob("*")]


@pytest.mark.parametrize(
    ("region", "wanted", "asked"),
    [
        ("eu-central-1", DiskFormat.QCOW2, "qcow2"),
        ("eu-central-1", DiskFormat.RAW, ""),
        ("eu-central-1", None, ""),
        ("cn-hangzhou", DiskFormat.QCOW2, ""),
    ],
)
def test_a_format_is_named_only_where_the_region_offers_it(tmp_path, region, wanted, asked):
    request = export_request(services(tmp_path, region=region), ExportChoices(image_id=IMAGE_ID, image_format=wanted))
    assert request.image_format == asked


def test_the_request_has_everything_that_was_settled(tmp_path):
    request = export_request(services(tmp_path, role_name="OurRole"), ExportChoices(image_id=IMAGE_ID, prefix="case"))
    assert (request.region_id, request.bucket, request.prefix, request.role_name) == (
        "cn-hangzhou",
        "evidence",
        "case",
        "OurRole",
    )


def test_an_export_needs_a_bucket(tmp_path):
    with pytest.raises(SettingsError, match="no bucket"):
        export_request(services(tmp_path, bucket=""), ExportChoices(image_id=IMAGE_ID))


def test_an_export_is_followed_to_its_end_and_leaves_no_journal(road: Road):
    exported = _export(road)
    assert exported.task == replace(finished(), export_request_id="R-t-1")
    assert len(road.cloud.sent) == 1
    assert not _journals(road)


def test_all_findings_are_told_before_the_first_refusal_is_raised(road: Road):
    road.cloud.known[IMAGE_ID] = replace(image(), os_type="windows", product_code="cmjj1")
    told: list[Finding] = []
    with pytest.raises(NotExportable) as caught:
        _export(road, told)
    assert caught.value.message.startswith("2 things forbid it; the first: ")
    assert {each.rule for each in told if each.severity is Severity.REFUSAL} == {"operating system", "Marketplace"}
    assert not road.cloud.sent


def test_without_preflight_the_service_decides(road: Road):
    road.cloud.known[IMAGE_ID] = replace(image(), os_type="windows")
    _export(road, preflight=False)
    assert len(road.cloud.sent) == 1


def test_an_image_that_is_not_there_is_an_error_of_its_own(road: Road):
    with pytest.raises(NoSuchImageOrTask):
        _export(road, image_id="m-other")


@pytest.mark.parametrize("refusal", [None, ExportRunning()])
def test_a_dry_run_sends_nothing(road: Road, refusal):
    road.cloud.dry_run = refusal
    assert _export(road, dry_run=True).task is None
    assert not road.cloud.sent


def test_a_dry_run_that_the_service_refuses_is_refused(road: Road):
    road.cloud.dry_run = NotExportable("no")
    with pytest.raises(NotExportable):
        _export(road, dry_run=True, preflight=False)


def test_without_waiting_the_journal_stays_for_the_next_run(road: Road):
    road.cloud.lives = lives([task("t-1", percent=3)])
    exported = _export(road, wait=False)
    assert exported.task is not None
    assert exported.task.percent == 3
    assert len(_journals(road)) == 1
    _export(road, wait=False)
    assert len(road.cloud.sent) == 1


@pytest.mark.parametrize(("state", "error"), [(TaskState.FAILED, ExportFailed), (TaskState.CANCELLED, ExportCancelled)])
def test_a_task_that_came_to_nothing_is_forgotten(road: Road, state, error):
    road.cloud.lives = lives([task("t-1", state)])
    with pytest.raises(error):
        _export(road)
    assert not _journals(road)


def test_a_task_of_which_a_disk_failed_is_no_success(road: Road):
    failure = TaskFailure(code="ParameterInvalid", message="disk xvdb")
    road.cloud.lives = lives([finished(failures=(failure,), failed_count=1)])
    with pytest.raises(ExportFailed, match=r"without all of its disks: ParameterInvalid: disk xvdb") as caught:
        _export(road)
    assert "imgkit tasks show t-1 --region cn-hangzhou" in caught.value.hint


def test_failures_without_words_count_too(road: Road):
    road.cloud.lives = lives([finished(failed_count=2)])
    with pytest.raises(ExportFailed, match="2 of its operations failed"):
        _export(road)


@pytest.mark.parametrize(("questions", "wait"), [(0, True), (1, True), (2, True), (0, False)])
def test_an_interruption_says_that_the_task_goes_on_and_keeps_the_journal(
    road: Road, monkeypatch: pytest.MonkeyPatch, questions, wait
):
    def interrupt(_: str) -> Any:
        raise KeyboardInterrupt

    road.cloud.lives = lives([task("t-1")])
    answers = iter([road.cloud.task] * questions)
    monkeypatch.setattr(RoadCloud, "task", lambda _, task_id: next(answers, interrupt)(task_id))
    with pytest.raises(KeyboardInterrupt) as caught:
        _export(road, wait=wait)
    (note,) = caught.value.__notes__
    assert "imgkit tasks cancel t-1 --region cn-hangzhou" in note
    assert len(_journals(road)) == 1


def test_an_interruption_before_the_answer_says_that_an_export_may_have_begun(road: Road):
    def interrupt() -> None:
        raise KeyboardInterrupt

    road.cloud.on_export = interrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        _export(road)
    (note,) = caught.value.__notes__
    assert f"imgkit tasks list --image {IMAGE_ID} --region cn-hangzhou" in note
    assert len(_journals(road)) == 1


def test_an_interruption_before_anything_was_sent_names_nothing(road: Road, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(RoadCloud, "export_tasks", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        _export(road)
    assert not hasattr(caught.value, "__notes__")


class Interrupted:
    """An ECS at whose n-th answer the user interrupts; with `asked` the question was sent by then, else it was not."""

    def __init__(self, cloud: RoadCloud, at: int, *, asked: bool) -> None:
        self._cloud, self._left, self._asked = cloud, at, asked
        self.interrupted_at = ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cloud, name)
        if not callable(found):
            return found

        def ask(*words: Any, **more: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                self.interrupted_at = self.interrupted_at or name
                if self._asked:
                    found(*words, **more)
                raise KeyboardInterrupt
            return found(*words, **more)

        return ask


def _interrupted(
    road: Road, monkeypatch: pytest.MonkeyPatch, at: int, *, asked: bool = False
) -> tuple[str, list[str]] | None:
    """Export with an interruption at the n-th question; return which that was, and what is told. None without one."""
    cloud = Interrupted(road.cloud, at, asked=asked)
    with monkeypatch.context() as patched:
        patched.setattr(type(road.services), "cloud", lambda _: cloud)
        try:
            _export(road)
        except KeyboardInterrupt as stop:
            return cloud.interrupted_at, list(getattr(stop, "__notes__", ()))
    return None


@pytest.mark.parametrize("asked", [False, True])
def test_at_every_question_an_interruption_names_what_this_run_began(
    road: Road, monkeypatch: pytest.MonkeyPatch, asked: bool
):
    told = []
    for at in range(30):
        road.cloud.sent.clear()
        road.cloud.answers, road.cloud.lives = ["t-1"], lives([task("t-1"), task("t-1", percent=50), finished()])
        for journal in _journals(road):
            (road.services.folders.state / "exports" / journal).unlink()
        found = _interrupted(road, monkeypatch, at, asked=asked)
        if found is None:
            break
        told.append((found[0], bool(road.cloud.sent), " ".join(found[1])))
    assert {name for name, _, _ in told} >= {"image", "export_tasks", "export", "task"}
    for name, sent, words in told:
        wanted = "t-1 goes on" if name == "task" else "may have begun" if sent or name == "export" else ""
        assert (wanted in words) if wanted else words == "", (name, words)


def test_at_every_question_an_interruption_names_what_an_earlier_run_began(road: Road, monkeypatch: pytest.MonkeyPatch):
    road.cloud.lives = lives([task("t-1", percent=1)])
    _export(road, wait=False)
    told = [_interrupted(road, monkeypatch, at) for at in range(6)]
    assert [words for found in told if found for words in found[1]]
    for found in told:
        assert found is not None
        assert "the export task t-1 " in " ".join(found[1]), found
    first, last = told[0], told[-1]
    assert first is not None
    assert last is not None
    assert "may still go on" in first[1][0]
    assert "goes on" in last[1][0]


def test_a_task_that_is_joined_is_named_from_when_it_was_found(road: Road, monkeypatch: pytest.MonkeyPatch):
    road.cloud.listed = [[task("t-5")]]
    road.cloud.lives = lives([task("t-5", percent=1)])
    told = [_interrupted(road, monkeypatch, at) for at in range(8)]
    names = [found[0] for found in told if found]
    found_at = names.index("export_tasks")  # the question that finds it is interrupted here, so it is not known yet
    for at, found in enumerate(told):
        assert found is not None
        assert ("the export task t-5 " in " ".join(found[1])) == (at > found_at), (at, found)


def test_a_task_that_the_service_knows_no_more_is_not_said_to_go_on(road: Road, monkeypatch: pytest.MonkeyPatch):
    road.cloud.lives = lives([task("t-1", percent=1)])
    _export(road, wait=False)
    road.cloud.lives = {}
    told = [found for at in range(4) if (found := _interrupted(road, monkeypatch, at)) and found[0] == "export_tasks"]
    assert told
    assert all("t-1" not in " ".join(words) for _, words in told)


def test_a_timeout_keeps_the_journal(road: Road):
    road.cloud.lives = lives([task("t-1")])
    hurried = replace(waiting(), timeout_seconds=0.5)
    choices = ExportChoices(image_id=IMAGE_ID, prefix="new")
    with pytest.raises(TransferError, match="has not ended"):
        export_to_bucket(road.services, choices, hurried, tell=lambda _: None)
    assert len(_journals(road)) == 1


def test_exports_of_one_image_to_two_places_have_journals_of_their_own(road: Road):
    road.cloud.answers.append("t-2")
    road.cloud.lives |= lives([finished("t-2")])
    _export(road, wait=False)
    _export(road, wait=False, prefix="other")
    assert len(_journals(road)) == 2


def test_one_refusal_is_raised_as_it_is():
    held = Finding(rule="a", severity=Severity.WARNING, words="w")
    with pytest.raises(NotExportable, match=r"^no$"):
        raise_refusal([held, refuse(NotExportable("no"), rule="b")])


def test_without_a_refusal_nothing_is_raised():
    raise_refusal([Finding(rule="a", severity=Severity.WARNING, words="w")])
