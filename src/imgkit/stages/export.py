"""Start an export of ECS once, or join the one that runs, and follow it to its end.

ExportImage knows no client token, so a request that got no answer may have been taken. The intent is written down
first; after any doubt the image's tasks and the bucket's objects are looked for before another request is sent.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, repeat
from pathlib import Path

from imgkit.errors import CloudError, ExportCancelled, ExportFailed, ImgkitError, NoSuchImageOrTask, TransferError
from imgkit.files.export_journal import ExportIntent, read_intent, write_intent
from imgkit.files.left_running import LeftRunning
from imgkit.model.task import ExportRequest, ExportTask, SentExport, TaskState
from imgkit.ports import AnswerInDoubt, ExportRunning, ImageCloud
from imgkit.progress import NULL_PROGRESS, Bar, Progress

log = logging.getLogger(__name__)

_POLL_SECONDS = (0.5, 1, 1, 2, 3, 5, 8)
_LONGEST_POLL_SECONDS = 10.0
_DOUBT_SECONDS = (1, 2, 4, 8, 15, 30)  # how long a task that was taken may need to show up in DescribeTasks
_SENDS = 3
_CLOCK_SLACK = timedelta(hours=1)  # between this machine's clock and the service's


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How to wait: the sleeper, the clock, and after how many seconds to leave the task to itself."""

    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    timeout_seconds: float | None = None


def start_export(
    cloud: ImageCloud, request: ExportRequest, journal: Path, waiting: Waiting, left: LeftRunning | None = None
) -> ExportTask:
    """Return the task that exports this image: the journal's, one that runs already, or a new one.

    `left` is told of it before anything can be left behind. Raises the error of the service's code, and CloudError
    when after several doubtful answers nothing was found.
    """
    return _Start(cloud, request, journal, waiting, left or LeftRunning()).task()


def follow_export(
    cloud: ImageCloud,
    task_id: str,
    waiting: Waiting,
    *,
    progress: Progress = NULL_PROGRESS,
    explain: Callable[[str, str], ImgkitError] = lambda code, words: ExportFailed(words, code=code),
) -> ExportTask:
    """Wait until the task has ended, and return it finished.

    Raises ExportFailed, ExportCancelled, and TransferError after `timeout_seconds`; the task itself goes on then.
    """
    deadline = None if waiting.timeout_seconds is None else waiting.now() + timedelta(seconds=waiting.timeout_seconds)
    with progress.bar(f"export {task_id}", total=100, unit="%") as bar:
        for pause in _pauses():
            task = cloud.task(task_id)
            if _has_ended(task, bar, explain):
                return task
            if deadline is not None and waiting.now() >= deadline:
                raise _took_too_long(task, waiting)
            waiting.sleep(pause)
    raise AssertionError("pauses do not end")


def forget_export(journal: Path) -> None:
    """Remove the journal of an export whose task ended: the next run begins anew."""
    journal.unlink(missing_ok=True)


def _pauses() -> Iterator[float]:
    return chain(_POLL_SECONDS, repeat(_LONGEST_POLL_SECONDS))


def _has_ended(task: ExportTask, bar: Bar, explain: Callable[[str, str], ImgkitError]) -> bool:
    bar.set_done(100 if task.state is TaskState.FINISHED else task.percent)
    bar.note(task.status_word)
    if task.state is TaskState.CANCELLED:
        raise ExportCancelled(
            f"the export task {task.task_id} was cancelled", hint="Run the same command to export anew."
        )
    if task.state is TaskState.FAILED:
        raise _explain_failure(task, explain)
    return task.state is TaskState.FINISHED


def _explain_failure(task: ExportTask, explain: Callable[[str, str], ImgkitError]) -> ImgkitError:
    if not task.failures:
        return ExportFailed(
            f"the export task {task.task_id} failed, and the service gives no reason",
            hint=f"Look at it with: imgkit tasks show {task.task_id}, or try again later.",
        )
    first = task.failures[0]
    return explain(first.code, first.message or first.code)


def _took_too_long(task: ExportTask, waiting: Waiting) -> TransferError:
    return TransferError(
        f"the export task {task.task_id} has not ended after {waiting.timeout_seconds:g} s ({task.percent} %)",
        hint="It goes on in the cloud; the same command joins it again.",
    )


def _task_of(cloud: ImageCloud, intent: ExportIntent) -> ExportTask | None:
    """Return the journal's task; None when none came of the intent, or the service knows it no more."""
    if not intent.task_id:
        return _new_task(cloud, intent)
    try:
        return cloud.task(intent.task_id)
    except NoSuchImageOrTask:
        log.warning("the service no longer knows the export task %s; looking for another", intent.task_id)
        return None


def _new_task(cloud: ImageCloud, intent: ExportIntent) -> ExportTask | None:
    """Return the task that came into being after the intent was written, whatever has become of it since."""
    for task in cloud.export_tasks(image_id=intent.request.image_id, since=intent.intended - _CLOCK_SLACK):
        if task.task_id not in intent.known_tasks:
            return task
    return None


def _running_task(cloud: ImageCloud, request: ExportRequest) -> ExportTask | None:
    for task in cloud.export_tasks(image_id=request.image_id):
        if task.state is TaskState.RUNNING:
            return task
    return None


def _intent(cloud: ImageCloud, request: ExportRequest, waiting: Waiting) -> ExportIntent:
    known = tuple(task.task_id for task in cloud.export_tasks(image_id=request.image_id))
    return ExportIntent(request=request, intended=waiting.now(), known_tasks=known)


@dataclass(frozen=True, slots=True)
class _Start:
    """The way to one task."""

    cloud: ImageCloud
    request: ExportRequest
    journal: Path
    waiting: Waiting
    left: LeftRunning

    def task(self) -> ExportTask:
        intent = read_intent(self.journal)
        if intent is not None and intent.request.image_id == self.request.image_id:
            known = _task_of(self.cloud, intent)
            if known is not None:
                return self._adopt(intent, SentExport(task_id=known.task_id, request_id=intent.request_id))
        if intent is None or intent.task_id or intent.request.image_id != self.request.image_id:
            self.left.is_over()
        running = _running_task(self.cloud, self.request)
        if running is not None:
            log.info("joining the export task %s, which runs already", running.task_id)
            joined = ExportIntent(request=self.request, intended=self.waiting.now(), task_id=running.task_id)
            self.left.expect(joined)
            return self._adopt(_intent(self.cloud, self.request, self.waiting), SentExport(task_id=running.task_id))
        return self._send()

    def _adopt(self, intent: ExportIntent, sent: SentExport) -> ExportTask:
        """Write the task down before anything else is asked about it."""
        adopted = replace(intent, task_id=sent.task_id, request_id=sent.request_id)
        self.left.expect(adopted)
        write_intent(self.journal, adopted)
        return replace(self.cloud.task(sent.task_id), export_request_id=sent.request_id)

    def _send(self) -> ExportTask:
        intent = _intent(self.cloud, self.request, self.waiting)
        write_intent(self.journal, intent)
        self.left.expect(intent)
        for _ in range(_SENDS):
            sent = self._send_once(intent)
            if sent is not None:
                return self._adopt(intent, sent)
        raise CloudError(
            f"ExportImage of {self.request.image_id} was sent {_SENDS} times, no answer came, and no task can be found",
            hint="Run the same command again: it looks for the task first. See also: imgkit tasks list",
        )

    def _send_once(self, intent: ExportIntent) -> SentExport | None:
        """Return the task; None when no answer came and no task showed up either."""
        try:
            return self.cloud.export(self.request)
        except AnswerInDoubt as doubt:
            log.warning("no answer came to ExportImage (%s); looking whether it was taken", doubt)
            found = _look_for_task(self.cloud, intent, self.waiting)
        except ExportRunning:
            found = _running_task(self.cloud, self.request) or _look_for_task(self.cloud, intent, self.waiting)
        except ImgkitError:
            self.journal.unlink(missing_ok=True)  # refused, so nothing runs
            self.left.is_over()
            raise
        return SentExport(task_id=found.task_id) if found else None


def _look_for_task(cloud: ImageCloud, intent: ExportIntent, waiting: Waiting) -> ExportTask | None:
    for pause in _DOUBT_SECONDS:
        found = _new_task(cloud, intent)
        if found is not None:
            return found
        waiting.sleep(pause)
    return None
