"""Is there room for what will come, on a file system that can hold it?

Two figures: what is needed for certain (archives are known to the byte once exported, and what they unpack to is never
smaller), and what a full disk would need. Less than the first is refused, less than the second is said.
"""

from collections.abc import Iterator, Sequence

from imgkit.errors import FormatCannotHold, NoRoom
from imgkit.files.abilities import Abilities
from imgkit.model.formats import DiskFormat
from imgkit.model.preflight import Finding, PlannedDisk, Severity, refuse
from imgkit.units import GiB, describe_bytes

VHD_LIMIT_BYTES = 2040 * GiB  # what QEMU's vpc driver writes at most: 65535 x 16 x 255 sectors in the geometry's field


def examine_room(
    abilities: Abilities, disks: Sequence[PlannedDisk], targets: Sequence[DiskFormat], *, have_bytes: int = 0
) -> Iterator[Finding]:
    """Hold the target's abilities against these disks; `have_bytes` of the archives lie there already."""
    yield from _examine_formats(disks, targets)
    yield from _examine_largest(abilities, disks)
    yield from _examine_space(abilities, disks, targets, have_bytes)
    if not abilities.renames_atomically:
        yield Finding(
            rule="rename",
            severity=Severity.WARNING,
            words=f"the file system of {abilities.folder} does not rename over an existing file",
            remedy="Choose a local file system with -o if you can.",
        )


def certain_bytes(abilities: Abilities, disks: Sequence[PlannedDisk], targets: Sequence[DiskFormat]) -> int:
    """Return what will be needed at least: archives, and raw and every converted image no smaller than they."""
    archives = sum(disk.archive_bytes or 0 for disk in disks)
    if abilities.holds_holes:
        return archives * (2 + _copies(targets))
    return archives + sum((disk.virtual_bytes or 0) for disk in disks) + archives * _copies(targets)


def worst_bytes(disks: Sequence[PlannedDisk], targets: Sequence[DiskFormat]) -> int:
    """Return what disks without a single zero would need."""
    total = 0
    for disk in disks:
        virtual = disk.virtual_bytes or disk.archive_bytes or 0
        total += (disk.archive_bytes if disk.archive_bytes is not None else virtual) + virtual * (1 + _copies(targets))
    return total


def _copies(targets: Sequence[DiskFormat]) -> int:
    return len([each for each in targets if each is not DiskFormat.RAW])


def _examine_formats(disks: Sequence[PlannedDisk], targets: Sequence[DiskFormat]) -> Iterator[Finding]:
    too_large = [disk for disk in disks if (disk.virtual_bytes or 0) > VHD_LIMIT_BYTES]
    if DiskFormat.VHD in targets and too_large:
        names = ", ".join(f"{disk.role} of {describe_bytes(disk.virtual_bytes or 0)}" for disk in too_large)
        error = FormatCannotHold(f"a VHD holds at most 2040 GiB ({names})", hint="Choose another format with --to.")
        yield refuse(error, rule="format")


def _examine_largest(abilities: Abilities, disks: Sequence[PlannedDisk]) -> Iterator[Finding]:
    largest = max((disk.virtual_bytes or disk.archive_bytes or 0 for disk in disks), default=0)
    if abilities.refuses_file_of(largest):
        error = NoRoom(
            f"the file system of {abilities.folder} takes no file of {describe_bytes(largest)} "
            f"(largest tried with success: {describe_bytes(abilities.largest_file_bytes)})",
            hint="Choose a folder on ext4, XFS, Btrfs, APFS or NTFS with -o.",
        )
        yield refuse(error, rule="largest file")


def _examine_space(
    abilities: Abilities, disks: Sequence[PlannedDisk], targets: Sequence[DiskFormat], have_bytes: int
) -> Iterator[Finding]:
    certain = certain_bytes(abilities, disks, targets) - have_bytes
    worst = worst_bytes(disks, targets) - have_bytes
    free = abilities.free_bytes
    if free < certain:
        error = NoRoom(
            f"{abilities.folder} has {describe_bytes(free)} free, and at least {describe_bytes(certain)} are needed",
            hint="Make room, choose another folder with -o, or ask for fewer formats at once.",
        )
        yield refuse(error, rule="room")
    elif free < worst:
        yield Finding(
            rule="room",
            severity=Severity.WARNING,
            words=f"{abilities.folder} has {describe_bytes(free)} free; disks full to the brim would need "
            f"{describe_bytes(worst)}",
            remedy="Zeroes take no room, so it may do; if it does not, nothing is lost and the same command goes on.",
        )
    else:
        yield Finding(rule="room", severity=Severity.HELD, words=f"{describe_bytes(free)} free, enough in any case")
    if not abilities.holds_holes:
        yield Finding(
            rule="holes",
            severity=Severity.WARNING,
            words=f"the file system of {abilities.folder} holds no holes: zeroes will take room",
            remedy="Choose a folder on ext4, XFS, Btrfs or APFS with -o.",
        )
