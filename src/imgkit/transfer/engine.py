"""One pass over an object: read back what is there, fetch what is missing, offer what is proven."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from imgkit.errors import ImgkitError
from imgkit.ports import RangeSource
from imgkit.progress import Bar
from imgkit.transfer.budget import Budget
from imgkit.transfer.commits import Committer
from imgkit.transfer.crew import Crew
from imgkit.transfer.expiry import ExpiryWatch
from imgkit.transfer.journal import Journal, SavedJournal
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.readback import read_back
from imgkit.transfer.retry import Timing
from imgkit.transfer.settings import TransferSettings
from imgkit.transfer.task_queue import TaskQueue
from imgkit.transfer.workers import Workers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """The CRC-64 of every part as it was written, or read back from an earlier run."""

    part_crcs: tuple[int, ...]
    crc64: int
    fetched_bytes: int
    reused_bytes: int


def fetch_parts(
    source: RangeSource,
    saved: SavedJournal,
    *,
    file: PartialFile,
    journal: Journal,
    offer: Callable[[int], None],
    bar: Bar,
    settings: TransferSettings,
    timing: Timing,
    budget: Budget | None = None,
) -> PassResult:
    """Make all parts be on disk, durable and journalled; several passes at once may share a budget.

    Raises Cancelled, RetriesExhausted, NoRoom, NotAccessible, and what the source raises for good. Whatever ends it,
    also an interruption, what had arrived by then is journalled.
    """
    claims = sorted(saved.claims.values(), key=lambda claim: claim.number)
    ledger = Ledger(saved.facts.plan, claims, offer)
    queue = TaskQueue(number for number in range(ledger.plan.count) if number not in saved.claims)
    crew = Crew()
    budget = budget or Budget(settings, timing)
    workers = Workers(
        source,
        saved.facts.etag,
        queue=queue,
        ledger=ledger,
        file=file,
        crew=crew,
        settings=settings,
        budget=budget,
        timing=timing,
    )
    committer = Committer(ledger, file, journal)
    watch = ExpiryWatch(source, timing)
    try:
        crew.start("read-back", partial(read_back, claims, file=file, ledger=ledger, queue=queue, crew=crew))
        crew.start("commit", partial(committer.work, crew, settings.commit_seconds))
        _see_it_through(crew, workers, ledger, bar, watch=watch, budget=budget, timing=timing)
        workers.stop()
        crew.raise_first()
        committer.commit(everything=True)
    except BaseException:
        workers.stop()
        _commit_what_can_be(committer)
        raise
    return PassResult(
        part_crcs=ledger.crcs,
        crc64=ledger.combined_crc64,
        fetched_bytes=ledger.fetched_bytes,
        reused_bytes=ledger.reused_bytes,
    )


def _see_it_through(
    crew: Crew, workers: Workers, ledger: Ledger, bar: Bar, *, watch: ExpiryWatch, budget: Budget, timing: Timing
) -> None:
    """Draw the progress, fit the number of workers and replace stalled ones until the last part is there."""
    told, is_complete = "", False
    while not is_complete:
        is_complete = ledger.is_complete
        bar.set_done(ledger.shown_bytes)
        if workers.trouble != told:
            told = workers.trouble
            bar.note(told)
        if not is_complete:
            budget.look()
            workers.fit()
            watch.look(fetched=ledger.fetched_bytes, left=ledger.plan.size - ledger.shown_bytes)
            crew.wait(timing.tick_seconds)
            workers.replace_stalled()


def _commit_what_can_be(committer: Committer) -> None:
    """Journal the last bytes before another error is raised, which is the one to tell."""
    try:
        committer.commit(everything=True)
    except ImgkitError as error:
        log.warning("the last bytes could not be journalled and are fetched again: %s", error)
