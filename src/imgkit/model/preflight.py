"""What the pre-flight found: before anything is spent, all of it at once."""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.errors import ImgkitError
from imgkit.model.role import DiskRole


class Severity(StrEnum):
    """A refusal stops the export; a warning lets the user decide; `UNKNOWN` could not be looked at."""

    HELD = "held"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARNING = "warning"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule and what came of it. `error` is what a refusal raises when the user does not look at findings."""

    rule: str
    severity: Severity
    words: str
    remedy: str = ""
    error: ImgkitError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDisk:
    """A disk that is about to come: its size as a disk, and its archive's where the object is known already."""

    role: DiskRole
    virtual_bytes: int | None
    archive_bytes: int | None = None


def refuse(error: ImgkitError, *, rule: str) -> Finding:
    """Return the refusal that would raise `error`."""
    return Finding(rule=rule, severity=Severity.REFUSAL, words=error.message, remedy=error.hint, error=error)
