"""What the cloud says about the origin of a set, held against itself while it is being written down."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from imgkit.evidence.origin import findings_of
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import CallerRecord, ClockRecord, DiskRecord, Manifest
from imgkit.pipeline.request import Run, StepDraft


def clock_of(before: datetime, answers: Sequence[ObjectInfo], after: datetime) -> ClockRecord | None:
    """Return both clocks, where an answer that came between the two moments says what the service's was."""
    dates = [info.server_date for info in answers if info.server_date is not None]
    return ClockRecord(before=before, service=max(dates), after=after) if dates else None


@contextmanager
def asking_meanwhile(run: Run) -> Iterator[Callable[[], CallerRecord]]:
    """Ask whose credentials these are while something else is asked; what is given waits for the answer."""
    with ThreadPoolExecutor(1, thread_name_prefix="caller") as pool:
        yield pool.submit(run.services.caller).result


def with_findings(run: Run, manifest: Manifest, fresh: Sequence[DiskRecord], draft: StepDraft) -> Manifest:
    """Return the manifest with what does not fit together in it, which is also told and noted at the step."""
    whole = manifest
    for disk in fresh:
        whole = whole.with_disk(disk)
    found = [each for each in findings_of(whole) if each not in manifest.findings]
    draft.notes = (*draft.notes, *found)
    run.shortfalls += found
    return replace(manifest, findings=(*manifest.findings, *found))
