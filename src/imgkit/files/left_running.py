"""What an interrupted export leaves running in the cloud: whoever stops it has to be told the task, at any moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgkit.files.export_journal import ExportIntent, read_intent


@dataclass(slots=True)
class LeftRunning:
    """What is known of the task. It is said here before anything else is done with it, and read from memory alone.

    `seen` is false of what the journal of an earlier run tells, until the service has been asked.
    """

    intent: ExportIntent | None = None
    seen: bool = False

    def expect(self, intent: ExportIntent) -> None:
        """Take note of a task that runs, or, without an id, of one that may begin with the next request."""
        self.intent, self.seen = intent, True

    def is_over(self) -> None:
        """Take note that nothing runs any more, or that nothing came of it."""
        self.intent = None

    @property
    def words(self) -> str:
        """What to tell of it; empty where there is nothing."""
        if self.intent is None:
            return ""
        region, image_id, task_id = self.intent.request.region_id, self.intent.request.image_id, self.intent.task_id
        if not task_id:
            return (
                f"an export of {image_id} may have begun in the cloud; the same command looks for it before it asks "
                f"for another, and `imgkit tasks list --image {image_id} --region {region}` shows it"
            )
        goes_on = "goes on" if self.seen else "of an earlier run may still go on"
        ending = f"`imgkit tasks cancel {task_id} --region {region}` ends it"
        return f"the export task {task_id} {goes_on} in the cloud; the same command joins it again, and {ending}"


@contextmanager
def interruption_names_task(journal: Path) -> Iterator[LeftRunning]:
    """Let an interruption say what it leaves running; `journal` knows what an earlier run left."""
    left = LeftRunning(read_intent(journal))
    try:
        yield left
    except Exception:
        raise
    except BaseException as stop:
        if left.words:
            stop.add_note(left.words)
        raise
