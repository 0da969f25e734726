from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.log_times import Clock, clock_of, first_time, line_time

LATEST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHANGHAI = clock_of("CST-8", LATEST)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2026-02-27T10:00:00.123456+08:00 host sshd: x", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("2026-02-27T10:00:00Z x", datetime(2026, 2, 27, 10, 0, tzinfo=UTC)),
        ("2026-02-27 10:00:00 upgrade libc6", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("Start-Date: 2026-02-27  10:00:00", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("update-alternatives 2026-02-27 10:00:00: run", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("2026/02/27 10:00:00 [error] 1#1: x", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("Feb 27 10:00:00 host sshd[1]: x", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("Mar  1 10:00:00 host x", datetime(2026, 3, 1, 2, 0, tzinfo=UTC)),
        ("Dec 31 10:00:00 host x", datetime(2025, 12, 31, 2, 0, tzinfo=UTC)),
        ("Feb 29 10:00:00 host x", datetime(2024, 2, 29, 2, 0, tzinfo=UTC)),
        ("type=LOGIN msg=audit(1764000000.123:45): x", datetime(2025, 11, 24, 16, 0, tzinfo=UTC)),
        ('1.2.3.4 - - [27/Feb/2026:10:00:00 +0800] "GET / HTTP/1.1" 200', datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
        ("[Fri Feb 27 10:00:00.123 2026] [core:notice] x", datetime(2026, 2, 27, 2, 0, tzinfo=UTC)),
    ],
)
def test_every_form_of_time_is_read(line, at):
    assert line_time(line, SHANGHAI).at == at


def test_what_was_assumed_is_said():
    inferred = line_time("Feb 27 10:00:00 x", SHANGHAI)
    assert (inferred.text, inferred.zone, inferred.year_inferred) == ("Feb 27 10:00:00", "CST-8", True)
    written = line_time("2026-02-27T10:00:00+08:00 x", SHANGHAI)
    assert (written.zone, written.year_inferred) == ("written", False)


@pytest.mark.parametrize(
    ("rule", "hours", "zone"),
    [
        ("CST-8", 8, "CST-8"),
        ("EST5EDT,M3.2.0,M11.1.0", -5, "EST5EDT,M3.2.0,M11.1.0, always standard time"),
        ("<+0530>-5:30", 5.5, "<+0530>-5:30"),
        ("", 0, "UTC"),
        ("nonsense", 0, "UTC"),
    ],
)
def test_a_rule_of_time_is_an_offset(rule, hours, zone):
    assert clock_of(rule, LATEST) == Clock(zone=zone, offset=timedelta(hours=hours), latest=LATEST)


@pytest.mark.parametrize(
    "line", ["", "no time", "Xxx 27 10:00:00", "Feb 31 10:00:00", "2026-13-01 00:00:00", "2026-01-01T25:00:00Z"]
)
def test_what_is_no_time_is_none(line):
    assert line_time(line, SHANGHAI) is None


def test_lines_without_a_time_are_passed_over():
    assert first_time(["  continued", "Feb 27 10:00:00 x"], SHANGHAI).text == "Feb 27 10:00:00"


@given(st.text(alphabet="0123456789-/:T Z+[]JanFebDec.,()msg=audit", max_size=60))
def test_any_line_is_borne(line):
    line_time(line, SHANGHAI)
    clock_of(line, LATEST)
