"""Removing what was not asked to stay, once everything that was asked for is proven; the record keeps the digests."""

from collections.abc import Iterable
from dataclasses import replace

from imgkit.model.manifest import FileRecord, FileState
from imgkit.model.role import DiskRole
from imgkit.pipeline.claiming import is_own, mark_own, release_name
from imgkit.pipeline.request import Run, recorded_step


def discard(run: Run, role: DiskRole, records: Iterable[FileRecord]) -> None:
    """Record these files as discarded, then remove them; what an interrupted run had yet to remove is removed too."""
    disk = run.disk(role)
    going = [each for each in records if each.state is FileState.KEPT]
    if going:
        with recorded_step(run, "discard", role) as draft:
            for each in going:
                mark_own(run, run.path(each))
                disk = disk.with_file(replace(each, state=FileState.DISCARDED))
            draft.arguments = tuple(each.path.as_posix() for each in going)
            draft.finish(disk)
    for each in disk.files:
        if each.state is FileState.DISCARDED and is_own(run, run.path(each)):
            run.path(each).unlink(missing_ok=True)
            release_name(run, run.path(each))
