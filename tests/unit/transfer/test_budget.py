"""What transfers of one run share."""

from typing import Any

import pytest

from imgkit.transfer.budget import Budget, Cancelled
from imgkit.transfer.settings import TransferSettings
from imgkit.transfer.tempo import FIRST_JOBS


def grown(settings: TransferSettings, naps: Any) -> int:
    """How many ranges at once there are when all are at work and bytes keep coming."""
    budget = Budget(settings, naps.timing)
    for _ in range(10):
        while not budget.gate.is_full:
            budget.gate.enter()
        naps.now += 1
        budget.count(budget.gate.width * 1_000_000)
        budget.look()
    return budget.gate.width


def test_without_a_wish_it_begins_small_and_grows(naps: Any) -> None:
    assert Budget(TransferSettings(), naps.timing).gate.width == FIRST_JOBS
    assert grown(TransferSettings(), naps) > FIRST_JOBS


def test_a_wish_is_followed(naps: Any) -> None:
    assert grown(TransferSettings(jobs=3), naps) == 3


def test_with_a_limit_more_at_once_would_bring_nothing(naps: Any) -> None:
    assert grown(TransferSettings(bytes_per_second=1_000_000), naps) == FIRST_JOBS


def test_who_looks_at_a_cancelled_one_stops(naps: Any) -> None:
    budget = Budget(TransferSettings(), naps.timing)
    budget.look()
    budget.cancel()
    with pytest.raises(Cancelled):
        budget.look()
