"""File systems as a machine leaves them whose plug was pulled: fifty files are in the journal alone."""

from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.file_system_kinds import FileSystemKind, make_empty

NEW_FILES = 50
DIRTY = ("ext4", "xfs")


def dirty_works(folder: Path, kinds: Sequence[FileSystemKind]) -> tuple[Work, ...]:
    """Make `KIND-dirty.raw` and return the work after which the power has to be cut.

    Before, there were `old` and `deleted`; after, `old` and `new-1` to `new-50`.
    """
    return tuple(_work(folder / f"{kind.name}-dirty.raw", kind) for kind in kinds if kind.name in DIRTY)


def _work(target: Path, kind: FileSystemKind) -> Work:
    make_empty(target, kind)
    mounted = f"/run/{target.stem}"

    def lines(devices: Sequence[str]) -> Sequence[str]:
        # A sync of the whole file system writes its journal's changes back too; fsync of one file leaves them there.
        return (
            f"mkdir -p {mounted} && mount {devices[0]} {mounted}",
            f"echo old > {mounted}/old && echo deleted > {mounted}/deleted",
            f"umount {mounted} && mount {devices[0]} {mounted}",
            f"for n in $(seq {NEW_FILES}); do echo new $n > {mounted}/new-$n; done",
            f"rm {mounted}/deleted",
            f"echo last > {mounted}/new-{NEW_FILES}",
            f"sync {mounted}/new-* {mounted}",
        )

    return Work(name=target.name, disks=(target,), lines=lines)
