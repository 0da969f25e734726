"""The lines of a guest's fstab on their way to becoming mounts, whichever engine mounts them."""

from collections.abc import Sequence

from imgkit.model.mounts import EntryState, FstabEntry
from imgkit.model.storage import Mount, MountState
from imgkit.safe_text import safe_name


def describe_line(entry: FstabEntry) -> Mount:
    """Return the line as a mount that nothing was done for yet."""
    return Mount(
        spec=entry.spec,
        folder=safe_name(entry.folder),
        type=entry.type,
        options=",".join(entry.options),
        state=MountState.UNRESOLVED,
        place=entry.place,
        reason=entry.reason,
        missing_role=entry.missing_role,
    )


def why_skipped(entry: FstabEntry) -> str:
    """Say why a line is no file system to look into, empty where it may be one."""
    if entry.state is EntryState.ELSEWHERE:
        return "it lies on no disk"
    if entry.type == "swap" or not entry.folder.startswith(b"/"):
        return "swap space" if entry.type == "swap" else "not mounted anywhere"
    return "not mounted at boot (noauto)" if "noauto" in entry.options else ""


def in_order(entries: Sequence[FstabEntry]) -> list[FstabEntry]:
    """Sort so that a folder is mounted before what lies below it, the root first."""
    return sorted(entries, key=lambda entry: entry.folder.count(b"/") if entry.folder != b"/" else 0)
