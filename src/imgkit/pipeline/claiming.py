"""Final names that a run is about to fill or to empty, written down first: what else bears such a name is not ours."""

from pathlib import Path

from imgkit.errors import TargetExists
from imgkit.files.whole import sync_folder
from imgkit.model.manifest import FileState
from imgkit.model.role import DiskRole
from imgkit.pipeline.request import Run


def claim_name(run: Run, target: Path) -> None:
    """Write down that this run makes `target`; a file of that name that no run of ours left is refused.

    Such a file may be a disk that a virtual machine was started from since, or somebody's own.
    Raises TargetExists.
    """
    claim = _claim(run, target)
    if claim.exists():
        return
    if target.exists() or target.is_symlink():
        known = any(run.path(each) == target for each in run.image_set.manifest.files())
        why = "has been changed since it was made" if known else "is not in the set's record"
        raise TargetExists(
            f"{target} {why}, so it is not overwritten",
            hint="Move it out of the set, and the same command makes it anew.",
        )
    mark_own(run, target)


def mark_own(run: Run, target: Path) -> None:
    """Write down durably that `target` is this program's to replace and to remove."""
    claim = _claim(run, target)
    claim.parent.mkdir(exist_ok=True)
    claim.touch()
    sync_folder(claim.parent)


def is_own(run: Run, target: Path) -> bool:
    """Whether a run wrote that down and did not come to its end."""
    return _claim(run, target).exists()


def release_name(run: Run, target: Path) -> None:
    """The record knows `target` as it is: from now on it is as precious as everything else."""
    _claim(run, target).unlink(missing_ok=True)


def release_recorded(run: Run, role: DiskRole) -> None:
    """Release the names that a killed run had filled and recorded."""
    for each in run.disk(role).files:
        if each.state is FileState.KEPT and run.present(each):
            release_name(run, run.path(each))


def _claim(run: Run, target: Path) -> Path:
    return run.image_set.workspace / "claims" / target.name
