"""Fetching until it is proven: what the disk gives back is what arrived, and what arrived is what the service has."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from imgkit.errors import Differs
from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import RangeSource
from imgkit.progress import Progress
from imgkit.transfer.budget import Budget
from imgkit.transfer.engine import PassResult, fetch_parts
from imgkit.transfer.followers import ArchiveDigest, Follower, Following
from imgkit.transfer.frontier import GrowingFile
from imgkit.transfer.places import Places
from imgkit.transfer.resume import Work, open_work
from imgkit.transfer.retry import Timing
from imgkit.transfer.settings import TransferSettings

log = logging.getLogger(__name__)

MOST_PASSES = 3
_GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenObject:
    """An object whole in its unfinished file. `following` may hold errors of the caller's own followers."""

    part_bytes: int
    part_crcs: tuple[int, ...]
    crc64: int
    sha256: str
    fetched_bytes: int
    reused_bytes: int
    following: Following


class _ReadsBackDifferently(Exception):
    """The file does not hold what was written to it in this pass."""

    def __init__(self, result: PassResult) -> None:
        super().__init__("the file reads back differently from what was written")
        self.result = result


@dataclass(slots=True, kw_only=True)
class ProvenFetch:
    """What fetching one object needs; `run` does it."""

    source: RangeSource
    info: ObjectInfo
    places: Places
    settings: TransferSettings
    progress: Progress
    followers: Sequence[Follower]
    timing: Timing
    budget: Budget | None = None

    def run(self) -> ProvenObject:
        """Fetch what is missing and prove the whole.

        When the file reads back differently from what was written, all parts are read back and the damaged ones
        fetched again; followers are then called once more, from the start. Raises Differs when that does not help,
        and when what came is not what the service names: then nothing of it is kept.
        """
        earlier: list[PassResult] = []
        for _ in range(MOST_PASSES):
            try:
                with open_work(self.info, self.places, self.settings) as work:
                    return _sum_up(self._pass(work), earlier)
            except _ReadsBackDifferently as differs:
                earlier.append(differs.result)
                log.warning("%s: %s; looking for the parts", self.places.partial, differs)
        raise Differs(
            f"{self.places.partial} keeps reading back differently from what was written to it: this machine's disk or "
            "memory is failing",
            hint="Choose a folder on another disk with -o, and have this one checked.",
        )

    def _pass(self, work: Work) -> ProvenObject:
        """Fetch, and let followers see the last byte only when the whole is proven: none can finish on wrong bytes."""
        size, digest = self.info.size, ArchiveDigest()
        arrived, proven = GrowingFile(work.file.path, size), GrowingFile(work.file.path, size)
        reading, following = Following([digest], arrived), Following(self.followers, proven)

        def offer(finished: int) -> None:
            arrived.offer(finished)
            proven.offer(min(finished, size - 1))

        try:
            result = self._fetch(work, offer, reading)
            self._judge(result, digest)
            proven.offer(size)
            following.join()
        except BaseException as error:
            they_are_called_again = isinstance(error, _ReadsBackDifferently)
            for frontier, those in ((arrived, reading), (proven, following)):
                frontier.fail(error)
                those.join(None if they_are_called_again else _GRACE_SECONDS)
            raise
        return ProvenObject(
            part_bytes=work.saved.facts.part_bytes,
            part_crcs=result.part_crcs,
            crc64=digest.crc64,
            sha256=digest.sha256,
            fetched_bytes=result.fetched_bytes,
            reused_bytes=result.reused_bytes,
            following=following,
        )

    def _fetch(self, work: Work, offer: Callable[[int], None], reading: Following) -> PassResult:
        with self.progress.bar(self.places.target.name, total=self.info.size) as bar:
            result = fetch_parts(
                self.source,
                work.saved,
                file=work.file,
                journal=work.journal,
                offer=offer,
                bar=bar,
                settings=self.settings,
                timing=self.timing,
                budget=self.budget,
            )
            if not reading.is_done:
                bar.note("all here; reading back")
            reading.join()
            reading.raise_first()
        return result

    def _judge(self, result: PassResult, digest: ArchiveDigest) -> None:
        if digest.crc64 != result.crc64:
            raise _ReadsBackDifferently(result)
        if self.info.crc64 in {None, result.crc64}:
            return
        self.places.forget_unfinished()
        raise Differs(
            f"all {self.info.size} bytes of {self.source.label} came and are on disk as they came, but their CRC-64 is "
            f"{result.crc64} where the service names {self.info.crc64}: wrong bytes were sent, or a wrong CRC",
            hint="They were discarded, and the same command fetches all of them anew. If it differs again, try another "
            "network or the internal endpoint, or export the image once more.",
        )


def _sum_up(proven: ProvenObject, earlier: Sequence[PassResult]) -> ProvenObject:
    """Count what earlier passes of this run fetched as fetched, and not as reused by the later ones."""
    return replace(
        proven,
        fetched_bytes=proven.fetched_bytes + sum(one.fetched_bytes for one in earlier),
        reused_bytes=earlier[0].reused_bytes if earlier else proven.reused_bytes,
    )
