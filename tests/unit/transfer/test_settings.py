"""Transfer settings."""

from typing import Any

import pytest

from imgkit.errors import SettingsError
from imgkit.transfer.settings import TransferSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"jobs": 0},
        {"jobs": 65},
        {"part_bytes": 1024},
        {"buffer_bytes": 0},
        {"attempts": 0},
        {"stall_seconds": 0},
        {"commit_seconds": 0},
        {"bytes_per_second": -1},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        TransferSettings(**wrong)


def test_the_retry_rule_is_that_of_the_settings() -> None:
    rule = TransferSettings(attempts=3, first_delay_seconds=2, longest_delay_seconds=9).retry_rule
    assert (rule.attempts, rule.first_delay_seconds, rule.longest_delay_seconds) == (3, 2, 9)
