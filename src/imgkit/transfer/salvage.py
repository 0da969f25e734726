"""A damaged file becomes an unfinished one: what is sound in it need not be fetched again."""

import stat
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from imgkit.errors import NotAccessible
from imgkit.files.whole import sync_folder
from imgkit.transfer.journal import PartRecord, PinnedFacts, begin_journal
from imgkit.transfer.local_disk import local_errors
from imgkit.transfer.parts_file import PartsVerdict
from imgkit.transfer.places import Places


def set_aside(places: Places, facts: PinnedFacts, verdict: PartsVerdict) -> None:
    """Take the file's name from it, and leave it as a download that lacks the parts that differ.

    The journal comes first: killed between the two, the file still stands where it was. Downloading then goes on as
    after any interruption; it reads every sound part back before it believes it. Raises NotAccessible, NoRoom.
    """
    _require_alone(places.target)
    places.make_folders()
    with local_errors(places.partial, doing="remove"):
        places.partial.unlink(missing_ok=True)
    with closing(begin_journal(places.journal, facts)) as journal:
        journal.append(_sound_parts(verdict))
    with local_errors(places.target, doing="set aside"):
        places.target.replace(places.partial)
        sync_folder(places.target.parent)
        sync_folder(places.workspace)


def _sound_parts(verdict: PartsVerdict) -> Iterable[PartRecord]:
    plan, damaged = verdict.record.plan, set(verdict.differing)
    for number, crc in enumerate(verdict.record.parts):
        if number not in damaged:
            yield PartRecord(number, plan.part(number).length, crc)


def _require_alone(path: Path) -> None:
    """What is mended is changed in place: a file that other names share would change under them too."""
    with local_errors(path, doing="look at"):
        found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        kind = "has other names too (hard links)" if stat.S_ISREG(found.st_mode) else "is no plain file"
        raise NotAccessible(
            f"{path} {kind}, and is not mended in place",
            hint="Put a plain copy of it in its place (`cp --reflink=auto`), or download into another folder with -o.",
        )
