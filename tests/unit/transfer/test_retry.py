"""When to ask again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.errors import AccessDenied, RetriesExhausted
from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import RangeFailed
from imgkit.transfer.retry import LONGEST_ASKED_SECONDS, RetryRule, describe_patiently

RULE = RetryRule(attempts=3, first_delay_seconds=1, longest_delay_seconds=8)
INFO = ObjectInfo(bucket="b", key="k", size=1, etag="E")


class Describing:
    label = "oss://b/k"

    def __init__(self, *answers: ObjectInfo | Exception) -> None:
        self.answers = list(answers)

    def describe(self) -> ObjectInfo:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def open_range(self, start: int, length: int, *, etag: str) -> Any:
        raise AssertionError("nobody asked for bytes")


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (5000, 8)])
def test_pauses_double_up_to_their_roof(failures: int, seconds: float) -> None:
    assert RULE.delay_seconds(failures, chance=1.0) == seconds


@given(failures=st.integers(1, 100), chance=st.floats(0, 1))
def test_chance_takes_away_at_most_half_of_a_pause(failures: int, chance: float) -> None:
    full = RULE.delay_seconds(failures, chance=1.0)
    assert full / 2 <= RULE.delay_seconds(failures, chance=chance) <= full


def test_a_service_that_asks_for_time_gets_it() -> None:
    assert RULE.delay_seconds(1, chance=0.5, asked_seconds=30) == 30


def test_a_service_that_asks_for_a_day_gets_ten_minutes() -> None:
    assert RULE.delay_seconds(1, chance=0.5, asked_seconds=86400) == LONGEST_ASKED_SECONDS


def test_describing_goes_on_after_failures(naps: Any) -> None:
    source = Describing(RangeFailed("503"), RangeFailed("reset"), INFO)
    assert describe_patiently(source, RULE, naps.timing) is INFO
    assert naps.taken == [1, 2]


def test_describing_ends_when_the_attempts_are_used_up(naps: Any) -> None:
    source = Describing(RangeFailed("one"), RangeFailed("two"), RangeFailed("the last"), INFO)
    with pytest.raises(RetriesExhausted, match=r"size and ETag of oss://b/k: 3 attempts .*the last"):
        describe_patiently(source, RULE, naps.timing)


def test_what_is_final_is_not_asked_again(naps: Any) -> None:
    with pytest.raises(AccessDenied):
        describe_patiently(Describing(AccessDenied("no"), INFO), RULE, naps.timing)
    assert naps.taken == []
