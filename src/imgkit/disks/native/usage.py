"""How full a file system is."""

from dataclasses import dataclass

from imgkit.model.storage import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What its own counters say; None where there is no such thing, or `error` says why they could not be had.

    `label` is there where the label lies deeper than in the first sectors.
    """

    size_bytes: int | None = None
    used_bytes: int | None = None
    free_bytes: int | None = None
    inodes: int | None = None
    inodes_free: int | None = None
    journal: Journal = Journal.UNKNOWN
    label: str = ""
    error: str = ""
