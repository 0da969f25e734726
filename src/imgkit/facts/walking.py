"""Who takes part in the one walk over a system's or a data disk's files."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from imgkit.errors import ImgkitError
from imgkit.facts.contents import ContentsVisitor, describe_contents
from imgkit.facts.files import FilesVisitor, describe_files
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine
from imgkit.facts.walk import MOST_ENTRIES, MOST_FOLDERS, Visitor, Walked, walk_tree
from imgkit.model.contents import Contents
from imgkit.model.fact import Fact
from imgkit.model.files import Files
from imgkit.model.subjects import Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWalk:
    """What the walk over a data disk told; None where it was not asked for."""

    contents: Fact[Contents] | None = None
    files: Fact[Files] | None = None


def walk_system(guest: Guest, *, most_entries: int = MOST_ENTRIES, most_folders: int = MOST_FOLDERS) -> Fact[Files]:
    """Walk over all files of a system."""
    seen = FilesVisitor()

    def describe() -> Fact[Files]:
        return describe_files(
            guest, seen, walk_tree(guest, (seen,), most_entries=most_entries, most_folders=most_folders)
        )

    return determine(describe, guest.room)


def walk_data(
    guest: Guest,
    subjects: AbstractSet[Subject],
    *,
    most_entries: int = MOST_ENTRIES,
    most_folders: int = MOST_FOLDERS,
) -> DataWalk:
    """Walk once over a file system without an operating system, for all who asked."""
    files = FilesVisitor() if Subject.FILES in subjects else None
    contents = ContentsVisitor() if Subject.CONTENTS in subjects else None
    visitors: list[Visitor] = [one for one in (files, contents) if one is not None]
    if not visitors:
        return DataWalk()
    walked = _try(lambda: walk_tree(guest, visitors, most_entries=most_entries, most_folders=most_folders))
    return DataWalk(
        contents=_told(guest, walked, lambda done: describe_contents(guest, contents, done)) if contents else None,
        files=_told(guest, walked, lambda done: describe_files(guest, files, done)) if files else None,
    )


def _try(walk: Callable[[], Walked]) -> Walked | ImgkitError:
    try:
        return walk()
    except ImgkitError as error:
        return error


def _told(guest: Guest, walked: Walked | ImgkitError, describe: Callable[[Walked], Fact[T]]) -> Fact[T]:
    if isinstance(walked, ImgkitError):
        return Fact.undetermined(walked.message)
    return determine(lambda: describe(walked), guest.room)
