"""Which requests a fault meets."""

import pytest

from imgkit.errors import SettingsError
from imgkit.simulator.faults import Call, Fault, FaultBox, FaultKind, matches, read_fault

GET = Call(service="oss", action="GetObject", method="GET", bucket="b", key="dir/key", range_header="bytes=100-199")


@pytest.mark.parametrize(
    ("where", "met"),
    [
        ({}, True),
        ({"service": "oss"}, True),
        ({"service": "ecs"}, False),
        ({"action": "HeadObject"}, False),
        ({"method": "GET"}, True),
        ({"bucket": "other"}, False),
        ({"key": "key$"}, True),
        ({"key": "^key"}, False),
        ({"range_start": 100}, True),
        ({"range_start": 0}, False),
        ({"range_covers": 199}, True),
        ({"range_covers": 200}, False),
        ({"range_covers": 99}, False),
        ({"range_start": 100, "range_covers": 150, "key": "dir", "method": "GET"}, True),
    ],
)
def test_all_that_is_said_must_fit(where, met):
    assert matches(Fault(FaultKind.CUT, **where), GET) is met


def test_a_request_without_a_range_covers_everything():
    whole = Call(service="oss", action="GetObject", method="GET")
    assert matches(Fault(FaultKind.CUT, range_covers=10**12), whole)
    assert matches(Fault(FaultKind.CUT, range_start=0), whole)


def test_a_fault_strikes_once_unless_it_says_otherwise():
    box = FaultBox([Fault(FaultKind.CUT)])
    assert [len(box.take(GET)) for _ in range(3)] == [1, 0, 0]
    assert box.waiting() == ()


def test_the_first_requests_can_pass():
    box = FaultBox([Fault(FaultKind.CUT, skip=2, times=2)])
    assert [len(box.take(GET)) for _ in range(6)] == [0, 0, 1, 1, 0, 0]


def test_a_fault_without_an_end_stays():
    box = FaultBox([Fault(FaultKind.CUT, times=None)])
    assert [len(box.take(GET)) for _ in range(100)] == [1] * 100
    assert len(box.waiting()) == 1


def test_other_requests_do_not_count():
    box = FaultBox([Fault(FaultKind.CUT, action="HeadObject")])
    assert box.take(GET) == ()
    assert len(box.waiting()) == 1


def test_several_faults_meet_one_request():
    box = FaultBox([Fault(FaultKind.CUT), Fault(FaultKind.CRC_MISSING)])
    assert [fault.kind for fault in box.take(GET)] == ["cut", "crc_missing"]


def test_cleared_faults_are_gone():
    box = FaultBox([Fault(FaultKind.CUT)])
    box.clear()
    assert box.take(GET) == ()


def test_a_fault_is_read_from_json():
    assert read_fault({"kind": "cut", "after_bytes": 5}) == Fault(FaultKind.CUT, after_bytes=5)


@pytest.mark.parametrize(
    "words", [{}, "cut", {"kind": "nonsense"}, {"kind": "cut", "speed": 1}, {"kind": "cut", "key": "("}]
)
def test_what_is_no_fault_is_refused(words):
    with pytest.raises(SettingsError):
        read_fault(words)
