"""A URL that ends too soon is told once, while there is time."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgkit.transfer.expiry import ExpiryWatch, describe_duration
from imgkit.units import GiB, MiB

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Url:
    """All that is asked of a source here."""

    expires_at: datetime | None
    label: str = "https://evidence.example/k"


def looked(naps: Any, url: Any, *, after_seconds: float, fetched: int, left: int) -> None:
    watch = ExpiryWatch(url, replace(naps.timing, now=lambda: NOW))
    naps.now += after_seconds
    watch.look(fetched=fetched, left=left)
    watch.look(fetched=fetched, left=left)


def test_a_rest_that_will_not_come_in_time_is_told_once(naps: Any, caplog: pytest.LogCaptureFixture) -> None:
    url = Url(NOW + timedelta(minutes=40))
    looked(naps, url, after_seconds=100, fetched=100 * MiB, left=10 * GiB)
    (told,) = caplog.messages
    assert "the rest takes 2 h 51 min at this speed, and the URL ends in 40 min" in told


@pytest.mark.parametrize(
    ("ends", "after_seconds", "fetched"),
    [(timedelta(hours=9), 100, 100 * MiB), (None, 100, 1), (timedelta(minutes=1), 9, 100 * MiB), (timedelta(), 99, 0)],
    ids=["in time", "nobody knows", "too early to tell", "nothing came yet"],
)
def test_otherwise_nothing_is_said(
    naps: Any, caplog: pytest.LogCaptureFixture, ends: timedelta | None, after_seconds: float, fetched: int
) -> None:
    url = Url(None if ends is None else NOW + ends)
    looked(naps, url, after_seconds=after_seconds, fetched=fetched, left=10 * GiB)
    assert caplog.messages == []


def test_a_source_without_an_end_is_never_told(naps: Any, scripted_source: Any, caplog: Any) -> None:
    looked(naps, scripted_source(b""), after_seconds=100, fetched=1, left=10 * GiB)
    assert caplog.messages == []


def test_durations_in_words() -> None:
    assert [describe_duration(timedelta(minutes=one)) for one in (0, 59, 200)] == ["0 min", "59 min", "3 h 20 min"]
