"""Objects in archive: frozen, being restored, readable for some days, frozen again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum

ARCHIVE_CLASSES = frozenset({"Archive", "ColdArchive", "DeepColdArchive"})


class RestoreState(StrEnum):
    """Where an object stands."""

    DIRECT = "direct"
    FROZEN = "frozen"
    RUNNING = "running"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One accepted RestoreObject: when it is done, and until when the object can then be read."""

    ready: datetime
    until: datetime


def start_restore(now: datetime, *, seconds: float, days: int) -> Restore:
    """Return the restore that a request begins now."""
    ready = now + timedelta(seconds=seconds)
    return Restore(ready=ready, until=ready + timedelta(days=days))


def restore_state(storage_class: str, restore: Restore | None, now: datetime) -> RestoreState:
    """Return where an object of that class stands now."""
    if storage_class not in ARCHIVE_CLASSES:
        return RestoreState.DIRECT
    if restore is None or now >= restore.until:
        return RestoreState.FROZEN
    return RestoreState.RUNNING if now < restore.ready else RestoreState.RESTORED


def restore_header(state: RestoreState, restore: Restore | None) -> str:
    """Return what `x-oss-restore` says; empty where the header is absent."""
    if state is RestoreState.RUNNING:
        return 'ongoing-request="true"'
    if state is RestoreState.RESTORED and restore is not None:
        return f'ongoing-request="false", expiry-date="{format_datetime(restore.until, usegmt=True)}"'
    return ""
