"""Tables of what mounts or opens file systems beside fstab, only where there is something: most systems have none."""

from collections.abc import Iterator

from imgkit.model.mounts import CryptEntry, EntryState, Mounts, MountUnit
from imgkit.render.titles import Table, decode, list_title


def mount_tables(mounts: Mounts, of: str) -> Iterator[Table]:
    """Yield units, encrypted volumes and arrays."""
    if mounts.units.value or mounts.units.partial:
        units = mounts.units.value or ()
        rows = [(one.where or "swap", one.what, one.type, _where(one), decode(one.path)) for one in units]
        yield list_title("UNITS THAT MOUNT" + of, mounts.units), ("folder", "what", "type", "where", "file"), rows
    if mounts.encrypted.value or mounts.encrypted.partial:
        opened = [(one.name, one.device, one.key, _where(one)) for one in mounts.encrypted.value or ()]
        yield list_title("ENCRYPTED VOLUMES" + of, mounts.encrypted), ("name", "device", "key", "where"), opened
    if mounts.arrays.value or mounts.arrays.partial:
        arrays = [(one.name, " ".join(one.words), decode(one.path)) for one in mounts.arrays.value or ()]
        yield list_title("ARRAYS" + of, mounts.arrays), ("array", "made of", "file"), arrays


def _where(one: MountUnit | CryptEntry) -> str:
    if one.state is EntryState.FOUND:
        return one.place
    return f"NOT FOUND: {one.reason}" if one.state is EntryState.UNRESOLVED else "not on a disk"
