"""Tests of units.py."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from imgkit.units import GiB, counted, describe_bytes, format_utc, parse_utc, round_up


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 * GiB, "20 GiB"), (3 * 1024 * GiB, "3 TiB")],
)
def test_bytes_are_told_in_the_largest_unit_that_fits(count, words):
    assert describe_bytes(count) == words


def test_rounding_up_leaves_multiples_alone():
    assert (round_up(0, 512), round_up(512, 512), round_up(513, 512)) == (0, 512, 1024)


def test_times_are_written_in_utc():
    local = datetime(2026, 11, 22, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
    assert format_utc(local) == "2026-11-22T02:00:00.000005Z"


@pytest.mark.parametrize("text", ["2015-11-23T02:13Z", "2015-11-23T02:13:00Z", "2015-11-23T10:13:00+08:00"])
def test_the_services_times_are_read_with_and_without_seconds(text):
    assert parse_utc(text) == datetime(2015, 11, 23, 2, 13, tzinfo=UTC)


def test_what_is_written_is_read_again():
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    assert parse_utc(format_utc(moment)) == moment


def test_nonsense_is_no_time():
    with pytest.raises(ValueError, match="yesterday"):
        parse_utc("yesterday")


def test_things_are_counted_in_words():
    assert [counted(count, "log") for count in (0, 1, 2)] == ["0 logs", "1 log", "2 logs"]
    assert counted(2, "entry", "entries") == "2 entries"
