"""Parts that an earlier run left behind: believed only when the disk gives back bytes of the CRC in the journal."""

import logging
from collections.abc import Iterable

from imgkit.transfer.crew import Crew
from imgkit.transfer.journal import PartRecord
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.local_disk import PartialFile
from imgkit.transfer.ranges import ByteRange
from imgkit.transfer.task_queue import Task, TaskQueue
from imgkit.units import MiB

log = logging.getLogger(__name__)


def read_back(claims: Iterable[PartRecord], *, file: PartialFile, ledger: Ledger, queue: TaskQueue, crew: Crew) -> None:
    """Settle all claims in order, and queue what is damaged or was not finished. Then no more parts will come."""
    buffer = memoryview(bytearray(MiB))
    for claim in claims:
        place = ByteRange(ledger.plan.part(claim.number).start, claim.length)
        found = file.read_crc64(place, buffer, crew.stop)
        if found is None:
            return
        if not ledger.settle(claim, found):
            log.warning("%s: %s are damaged on disk and are fetched again", file.path, place)
        if ledger.rest_of(claim.number).length:
            queue.put(Task(claim.number))
    queue.close()
