"""What is known of every part while a transfer runs. All its threads meet here; it reads and writes nothing itself."""

import threading
from collections.abc import Callable, Iterable

from imgkit.digests import combine_all_crc64, crc64
from imgkit.transfer.journal import PartRecord
from imgkit.transfer.ranges import ByteRange, PartPlan
from imgkit.units import MiB

RECORD_STEP_BYTES = MiB  # a part under way is journalled again when it has grown by this much


class Ledger:
    """Bytes of each part from its start on, with their CRC-64.

    What an earlier run claims counts as here until reading it back says otherwise: so `shown_bytes` may step back. The
    prefix given to `offer` is made of proven bytes only, and never does.
    """

    def __init__(self, plan: PartPlan, claims: Iterable[PartRecord], offer: Callable[[int], None]) -> None:
        self.plan = plan
        self.fetched_bytes = 0
        self.reused_bytes = 0
        self._offer = offer
        self._lock = threading.Lock()
        self._held = [0] * plan.count
        self._crcs = [0] * plan.count
        self._recorded = [0] * plan.count
        self._changed: set[int] = set()
        self._held_bytes = 0
        self._unchecked_bytes = sum(claim.length for claim in claims)
        self._first_unfinished = 0

    @property
    def shown_bytes(self) -> int:
        """What a progress bar shows."""
        with self._lock:
            return self._held_bytes + self._unchecked_bytes

    @property
    def is_complete(self) -> bool:
        return self._held_bytes == self.plan.size

    @property
    def crcs(self) -> tuple[int, ...]:
        return tuple(self._crcs)

    @property
    def combined_crc64(self) -> int:
        """The CRC-64 of the whole, from those of its parts."""
        lengths = (self.plan.part(number).length for number in range(self.plan.count))
        return combine_all_crc64(list(zip(self._crcs, lengths, strict=True)))

    def rest_of(self, number: int) -> ByteRange:
        """Return what is still to be fetched of a part."""
        return self.plan.part(number).without_first(self._held[number])

    def add(self, number: int, data: memoryview) -> None:
        """Count bytes that were fetched and written behind those that the part has."""
        with self._lock:
            self._crcs[number] = crc64(data, self._crcs[number])
            self._hold(number, len(data))
            self.fetched_bytes += len(data)
            self._changed.add(number)

    def settle(self, claim: PartRecord, found_crc64: int) -> bool:
        """Believe an earlier run's claim if the disk gives back bytes of this CRC, else drop it; tell which."""
        with self._lock:
            self._unchecked_bytes -= claim.length
            self._recorded[claim.number] = claim.length
            holds = found_crc64 == claim.crc64
            if holds:
                self._crcs[claim.number] = claim.crc64
                self._hold(claim.number, claim.length)
                self.reused_bytes += claim.length
            else:
                self._changed.add(claim.number)
            return holds

    def take_records(self, *, everything: bool = False) -> list[PartRecord]:
        """Return what the journal does not say yet; parts that grew little are left for later, or for `everything`."""
        with self._lock:
            due = sorted(number for number in self._changed if everything or self._is_due(number))
            self._changed.difference_update(due)
            for number in due:
                self._recorded[number] = self._held[number]
            return [PartRecord(number, self._held[number], self._crcs[number]) for number in due]

    def _is_due(self, number: int) -> bool:
        grown = self._held[number] - self._recorded[number]
        return grown < 0 or grown >= RECORD_STEP_BYTES or not self.rest_of(number).length

    def _hold(self, number: int, length: int) -> None:
        self._held[number] += length
        self._held_bytes += length
        if number == self._first_unfinished:
            self._advance()

    def _advance(self) -> None:
        while self._first_unfinished < self.plan.count and not self.rest_of(self._first_unfinished).length:
            self._first_unfinished += 1
        if self._first_unfinished == self.plan.count:
            self._offer(self.plan.size)
        else:
            self._offer(self.rest_of(self._first_unfinished).start)
