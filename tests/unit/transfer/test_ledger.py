"""What is known of every part."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.digests import crc64
from imgkit.transfer.journal import PartRecord
from imgkit.transfer.ledger import RECORD_STEP_BYTES, Ledger
from imgkit.transfer.ranges import ByteRange, PartPlan
from imgkit.units import MiB

CONTENT = random.Random(1).randbytes(95)
PLAN = PartPlan(size=95, part_bytes=10)


def claim_of(number: int, length: int, *, crc: int | None = None) -> PartRecord:
    start = PLAN.part(number).start
    return PartRecord(number, length, crc64(CONTENT[start : start + length]) if crc is None else crc)


def feed(ledger: Ledger, number: int, count: int) -> None:
    rest = ledger.rest_of(number)
    ledger.add(number, memoryview(CONTENT)[rest.start : rest.start + count])


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_in_whatever_order_bytes_come_the_prefix_grows_and_the_crc_is_that_of_the_whole(data: st.DataObject) -> None:
    offered: list[int] = []
    ledger = Ledger(PLAN, [], offered.append)
    held = [0] * PLAN.count
    while not ledger.is_complete:
        number = data.draw(st.sampled_from([n for n in range(PLAN.count) if ledger.rest_of(n).length]))
        count = data.draw(st.integers(1, ledger.rest_of(number).length))
        feed(ledger, number, count)
        held[number] += count
        whole = next((n for n in range(PLAN.count) if held[n] < PLAN.part(n).length), PLAN.count)
        prefix = PLAN.size if whole == PLAN.count else PLAN.part(whole).start + held[whole]
        assert max([0, *offered]) == prefix
    assert offered == sorted(offered)
    assert ledger.combined_crc64 == crc64(CONTENT)
    assert ledger.fetched_bytes == ledger.shown_bytes == 95


def test_claims_are_shown_at_once_but_offered_only_when_they_hold() -> None:
    offered: list[int] = []
    ledger = Ledger(PLAN, [claim_of(0, 10)], offered.append)
    assert (ledger.shown_bytes, offered) == (10, [])
    assert ledger.settle(claim_of(0, 10), crc64(CONTENT[:10]))
    assert (ledger.shown_bytes, ledger.reused_bytes, offered) == (10, 10, [10])


def test_a_claim_that_does_not_hold_steps_back_and_is_fetched_from_its_start() -> None:
    claim = claim_of(3, 7)
    ledger = Ledger(PLAN, [claim], lambda _: None)
    assert not ledger.settle(claim, claim.crc64 ^ 1)
    assert (ledger.shown_bytes, ledger.reused_bytes, ledger.rest_of(3)) == (0, 0, ByteRange(30, 10))


def test_a_claim_that_does_not_hold_is_taken_back_in_the_journal() -> None:
    claim = claim_of(3, 7)
    ledger = Ledger(PLAN, [claim], lambda _: None)
    ledger.settle(claim, claim.crc64 ^ 1)
    assert ledger.take_records() == [PartRecord(3, 0, 0)]


def test_a_part_begun_earlier_is_continued_with_its_crc() -> None:
    ledger = Ledger(PLAN, [claim_of(2, 4)], lambda _: None)
    ledger.settle(claim_of(2, 4), claim_of(2, 4).crc64)
    assert ledger.rest_of(2) == ByteRange(24, 6)
    feed(ledger, 2, 6)
    assert ledger.crcs[2] == claim_of(2, 10).crc64


def test_finished_parts_are_journalled_once() -> None:
    ledger = Ledger(PLAN, [], lambda _: None)
    feed(ledger, 9, 5)
    assert ledger.take_records() == [claim_of(9, 5)]
    assert ledger.take_records() == []


def test_a_part_that_grew_little_waits_for_the_end() -> None:
    ledger = Ledger(PLAN, [], lambda _: None)
    feed(ledger, 0, 3)
    assert ledger.take_records() == []
    assert ledger.take_records(everything=True) == [claim_of(0, 3)]


def test_a_part_that_grew_by_a_step_is_journalled_under_way() -> None:
    block = memoryview(bytes(RECORD_STEP_BYTES))
    ledger = Ledger(PartPlan(size=16 * MiB, part_bytes=16 * MiB), [], lambda _: None)
    ledger.add(0, block)
    assert [record.length for record in ledger.take_records()] == [RECORD_STEP_BYTES]
    ledger.add(0, block[:100])
    assert ledger.take_records() == []


def test_an_empty_object_is_complete() -> None:
    ledger = Ledger(PartPlan(size=0, part_bytes=10), [], lambda _: None)
    assert ledger.is_complete
    assert ledger.combined_crc64 == crc64(b"")
