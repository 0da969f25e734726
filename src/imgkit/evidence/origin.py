"""What the cloud said about where a set came from, held against itself: times that cannot be so are findings."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from imgkit.model.manifest import ClockRecord, Manifest
from imgkit.model.role import DiskRole
from imgkit.units import format_utc

# ECS and OSS have clocks of their own, and neither says how well they agree.
TOLERANCE = timedelta(seconds=60)


def late_objects(manifest: Manifest) -> Iterator[tuple[DiskRole, str]]:
    """Yield each disk whose object was written after the task that exported it had ended, with words for it."""
    task = manifest.source.task
    if task is None or task.finished is None:
        return
    for disk in manifest.disks:
        written = disk.object.last_modified if disk.object else None
        if written is not None and written > _end_of(task.finished) + TOLERANCE:
            times = f"the task ended {_shown(task.finished)}, and it was last modified {_shown(written)}"
            yield disk.role, f"somebody wrote it after the export: {times}"


def _end_of(moment: datetime) -> datetime:
    """ECS may tell times without seconds (2015-11-23T02:13Z): then it was at some time within that minute."""
    return moment if moment.second else moment + timedelta(seconds=59)


def _shown(moment: datetime) -> str:
    return f"{format_utc(moment)[:19]}Z"


def clock_finding(clock: ClockRecord | None) -> str:
    """Return words where this machine's clock is off by more than a minute, else nothing."""
    off = clock.off_by_seconds if clock else 0
    if abs(off) <= TOLERANCE.total_seconds():
        return ""
    return f"this machine's clock is {abs(off)} seconds {'ahead of' if off > 0 else 'behind'} the service's"


def findings_of(manifest: Manifest) -> tuple[str, ...]:
    """Return everything that does not fit together."""
    late = tuple(f"disk {role}: {words}" for role, words in late_objects(manifest))
    clock = clock_finding(manifest.source.clock)
    return (*late, clock) if clock else late
