"""Asking again."""

import pytest

from imgkit.aliyun.retrying import Retry, TryAgain
from imgkit.errors import AccessDenied, CloudError


class Answers:
    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)

    def __call__(self) -> object:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def patient(pauses: list[float], attempts: int = 4, chance: float = 1.0) -> Retry:
    return Retry(
        attempts=attempts,
        first_pause_seconds=1.0,
        longest_pause_seconds=5.0,
        sleep=pauses.append,
        jitter=lambda: chance,
    )


def test_a_good_answer_is_given_at_once():
    pauses: list[float] = []

    assert patient(pauses).call(Answers(7), doing="count") == 7
    assert pauses == []


def test_pauses_double_up_to_the_longest():
    pauses: list[float] = []
    answers = Answers(*[TryAgain("busy")] * 5, "fine")

    assert patient(pauses, attempts=6).call(answers, doing="count") == "fine"
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_chance_shortens_a_pause_to_no_less_than_half():
    pauses: list[float] = []
    patient(pauses, chance=0.0).call(Answers(TryAgain("busy"), 1), doing="count")

    assert pauses == [0.5]


@pytest.mark.parametrize(("wish", "pause"), [(3.0, 3.0), (0.1, 1.0), (900.0, 5.0)])
def test_the_services_wish_is_heeded_within_reason(wish, pause):
    pauses: list[float] = []
    patient(pauses).call(Answers(TryAgain("busy", retry_after_seconds=wish), 1), doing="count")

    assert pauses == [pause]


def test_gives_up_after_the_attempts_and_says_why():
    pauses: list[float] = []
    with pytest.raises(CloudError, match="Cannot count: busy; asked 4 times") as caught:
        patient(pauses).call(
            Answers(*[TryAgain("busy", hint="Wait.", code="Throttling", request_id="R9")] * 9), doing="count"
        )

    assert len(pauses) == 3
    assert (caught.value.code, caught.value.request_id, caught.value.hint) == ("Throttling", "R9", "Wait.")


def test_other_errors_are_not_asked_again():
    pauses: list[float] = []
    with pytest.raises(AccessDenied):
        patient(pauses).call(Answers(AccessDenied("no"), 1), doing="count")

    assert pauses == []
