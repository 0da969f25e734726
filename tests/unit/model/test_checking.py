"""Tests of model/checking.py."""

from dataclasses import replace

import pytest

from imgkit.model.checking import CheckResult, LinkOutcome, worst
from imgkit.model.manifest import Outcome

HELD, FAILED, UNDETERMINED = Outcome.HELD, Outcome.FAILED, Outcome.UNDETERMINED


def _result(*outcomes: Outcome) -> CheckResult:
    links = (LinkOutcome(subject=str(place), link="l", outcome=each) for place, each in enumerate(outcomes))
    return CheckResult(links=tuple(links))


@pytest.mark.parametrize(
    ("outcomes", "held"),
    [((HELD, HELD), True), ((), True), ((HELD, FAILED), False), ((HELD, UNDETERMINED), False)],
)
def test_only_what_was_looked_at_and_fits_is_held(outcomes, held):
    assert _result(*outcomes).held is held


def test_links_of_one_outcome_stay_in_their_order():
    assert [each.subject for each in _result(FAILED, HELD, FAILED).of(FAILED)] == ["0", "2"]


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([HELD, UNDETERMINED, FAILED], FAILED),
        ([HELD, UNDETERMINED], UNDETERMINED),
        ([HELD], HELD),
        ([], HELD),
    ],
)
def test_what_differs_outweighs_what_could_not_be_looked_at(outcomes, verdict):
    assert worst(outcomes) is verdict


def test_a_result_joined_to_another_comes_behind_it():
    joined = replace(_result(HELD), notes=("a",)).joined(replace(_result(FAILED), notes=("b",)))
    assert ([each.outcome for each in joined.links], joined.notes) == ([HELD, FAILED], ("a", "b"))
