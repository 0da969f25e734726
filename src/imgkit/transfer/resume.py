"""Going on where an earlier run was, or beginning: the unfinished file and its journal, opened together."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from imgkit.errors import ObjectChanged
from imgkit.model.cloud_object import ObjectInfo
from imgkit.transfer.journal import Journal, PinnedFacts, SavedJournal, begin_journal, continue_journal, read_journal
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.places import Places
from imgkit.transfer.ranges import plan_parts
from imgkit.transfer.settings import TransferSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an earlier run left behind, and the two files open for going on."""

    saved: SavedJournal
    file: PartialFile
    journal: Journal


def pin_object(info: ObjectInfo, places: Places, *, label: str) -> ObjectInfo:
    """Hold the object as it is now against the one whose parts lie here; return it with all that is known of it.

    Raises ObjectChanged when they are two. A CRC that the service named once is not forgotten when it is silent later.
    """
    saved = read_journal(places.journal)
    if saved is None:
        if places.journal.exists():
            log.warning("%s is damaged: nothing of what lies here can be trusted, all is fetched anew", places.journal)
        return info
    facts = saved.facts
    same_crc = None in {facts.crc64, info.crc64} or facts.crc64 == info.crc64
    if (facts.size, facts.etag) == (info.size, info.etag) and same_crc:
        return replace(info, crc64=facts.crc64 if info.crc64 is None else info.crc64)
    raise ObjectChanged(
        f"{label} is no longer the object whose first parts lie in {places.workspace}: that one had "
        f"{facts.size} bytes and ETag {facts.etag}, it has {info.size} bytes and ETag {info.etag}",
        hint=f"To fetch it as it is now, remove {places.journal} and {places.partial}, or choose another folder.",
    )


@contextmanager
def open_work(info: ObjectInfo, places: Places, settings: TransferSettings) -> Iterator[Work]:
    """Open what `pin_object` found good, or begin anew. Raises NoRoom when the rest cannot fit, NotAccessible."""
    saved = read_journal(places.journal)
    begins = saved is None or not places.partial.exists()
    if saved is None or begins:
        saved = SavedJournal(_facts(info, settings), {})
    elif saved.spoilt_lines:
        log.warning("%s: %d records are damaged; their parts are fetched again", places.journal, saved.spoilt_lines)
    with closing(PartialFile(places.partial, info.size, fresh=begins)) as file:
        file.require_room()
        opened = begin_journal if begins else continue_journal
        with closing(opened(places.journal, saved.facts)) as journal:
            yield Work(saved=saved, file=file, journal=journal)


def _facts(info: ObjectInfo, settings: TransferSettings) -> PinnedFacts:
    plan = plan_parts(info.size, part_bytes=settings.part_bytes)
    return PinnedFacts(size=info.size, etag=info.etag, crc64=info.crc64, part_bytes=plan.part_bytes, origin=info.url)
