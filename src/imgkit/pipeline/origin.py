"""What the cloud says about the origin of a set, held against itself while it is being written down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from imgkit.evidence.origin import findings_of
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import ClockRecord, DiskRecord, Manifest
from imgkit.pipeline.request import Run, StepDraft


def clock_of(before: datetime, answers: Sequence[ObjectInfo], after: datetime) -> ClockRecord | None:
    """Return both clocks, where an answer that came between the two moments says what the service's was."""
    dates = [info.server_date for info in answers if info.server_date is not None]
    return ClockRecord(before=before, service=max(dates), after=after) if dates else None


def with_findings(run: Run, manifest: Manifest, fresh: Sequence[DiskRecord], draft: StepDraft) -> Manifest:
    """Return the manifest with what does not fit together in it, which is also told and noted at the step."""
    whole = manifest
    for disk in fresh:
        whole = whole.with_disk(disk)
    found = [each for each in findings_of(whole) if each not in manifest.findings]
    draft.notes = (*draft.notes, *found)
    run.shortfalls += found
    return replace(manifest, findings=(*manifest.findings, *found))
