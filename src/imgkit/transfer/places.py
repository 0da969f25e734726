"""Where an object's files lie: the target, its parts file, and in the workspace what is unfinished."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.parts_file import parts_path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The workspace lies on the target's file system: the last step is a rename."""

    target: Path
    workspace: Path

    @property
    def partial(self) -> Path:
        return self.workspace / f"{self.target.name}.part"

    @property
    def journal(self) -> Path:
        return self.workspace / f"{self.target.name}.journal"

    @property
    def lock(self) -> Path:
        return self.workspace / f"{self.target.name}.lock"

    @property
    def parts(self) -> Path:
        return parts_path_of(self.target)

    def make_folders(self) -> None:
        with local_errors(self.workspace, doing="make the folder"):
            self.workspace.mkdir(parents=True, exist_ok=True)
            self.target.parent.mkdir(parents=True, exist_ok=True)

    def forget_unfinished(self) -> None:
        """Remove journal and unfinished file: the next run begins anew."""
        with local_errors(self.journal, doing="remove"):
            self.journal.unlink(missing_ok=True)
            self.partial.unlink(missing_ok=True)
