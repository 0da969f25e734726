"""What a machine's storage has to say about itself: damaged, encrypted, torn apart, or cut off in mid-work."""

from collections.abc import Iterator

from imgkit.model.report import Diagnostic, DiagnosticLevel
from imgkit.model.storage import EncryptedState, Journal, Storage
from imgkit.units import counted

_WHY_CLOSED = {EncryptedState.NO_KEY: "no key was given", EncryptedState.REFUSED: "no key that was given opens it"}


def storage_diagnostics(storage: Storage) -> tuple[Diagnostic, ...]:
    """Return what a reader of the storage facts must know, most basic first."""
    return (*_unanswered(storage), *_errors(storage), *_unassembled(storage), *_closed(storage), *_notes(storage))


def _unanswered(storage: Storage) -> Iterator[Diagnostic]:
    for one in storage.undetermined:
        yield _lacking(f"storage/{one.what}", one.reason)


def _errors(storage: Storage) -> Iterator[Diagnostic]:
    for disk in storage.disks:
        if disk.error:
            yield _lacking(f"storage/{disk.place}", disk.error)
    for partition in storage.partitions:
        if partition.error:
            yield _lacking(f"storage/{partition.place}", partition.error)
    for file_system in storage.file_systems:
        if file_system.error:
            yield _lacking(f"storage/{file_system.place}", file_system.error)


def _unassembled(storage: Storage) -> Iterator[Diagnostic]:
    for volume in storage.logical_volumes:
        if volume.error:
            yield _lacking(f"storage/{volume.place}", volume.error)
    for member in storage.members:
        if member.error:
            yield _lacking(f"storage/{member.place}", f"{member.type}, {member.detail or 'a part'}: {member.error}")


def _closed(storage: Storage) -> Iterator[Diagnostic]:
    for one in storage.encrypted:
        if one.state is not EncryptedState.OPENED:
            why = _WHY_CLOSED[one.state] + (f" ({one.error})" if one.error else "")
            yield _lacking(f"storage/{one.place}", f"{one.type}: encrypted, and {why}")
    for array in storage.arrays:
        if len(array.members) < array.devices:
            here = f"{len(array.members)} of its {array.devices} disks are here"
            yield _lacking(f"storage/{array.place}", f"this array is not whole: {here}")
    for pool in storage.pools:
        if pool.missing_disks:
            lost = counted(pool.missing_disks, "disk", "disks")
            yield _lacking(f"storage/{pool.place}", f"this pool is not whole: {lost} of it not here, or out of service")
    for group in storage.volume_groups:
        if group.missing_volumes:
            lost = f"{group.missing_volumes} physical volume{'s' if group.missing_volumes > 1 else ''}"
            yield _lacking(f"storage/{group.name}", f"{lost} of this volume group are on none of these disks")


def _notes(storage: Storage) -> Iterator[Diagnostic]:
    for disk in storage.disks:
        for problem in disk.problems:
            yield _note(f"storage/{disk.place}", problem)
    for place in storage.blank:
        words = "no partition table, no file system, zeroes in the first and last MiB; what lies between was not read"
        yield _note(f"storage/{place}", words)
    for pool in storage.pools:
        if pool.snapshots:
            many = counted(pool.snapshots, "snapshot", "snapshots")
            yield _note(f"storage/{pool.place}", f"has {many}, which nobody looked into")
    for one in storage.file_systems:
        if one.journal is Journal.REPLAYED:
            yield _note(f"storage/{one.place}", "was in use when it was copied: shown with what its journal held")
        elif one.journal is Journal.PENDING:
            yield _note(f"storage/{one.place}", "was in use when it was copied: shown without what its journal holds")


def _lacking(subject: str, message: str) -> Diagnostic:
    return Diagnostic(subject=subject, level=DiagnosticLevel.UNDETERMINED, message=message)


def _note(subject: str, message: str) -> Diagnostic:
    return Diagnostic(subject=subject, level=DiagnosticLevel.NOTE, message=message)
