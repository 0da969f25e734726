"""Conditions of GET and HEAD."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request

from imgkit.simulator.preconditions import judge_conditions

SAME = format_datetime(NOW, usegmt=True)
LATER = format_datetime(NOW + timedelta(hours=1), usegmt=True)
EARLIER = format_datetime(NOW - timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-match": "ABC"}, 200),
        ({"if-match": '"ABC"'}, 200),
        ({"if-match": '"X", "ABC"'}, 200),
        ({"if-match": "XYZ"}, 412),
        ({"if-none-match": "ABC"}, 304),
        ({"if-none-match": "XYZ"}, 200),
        ({"if-unmodified-since": LATER}, 200),
        ({"if-unmodified-since": SAME}, 200),
        ({"if-unmodified-since": EARLIER}, 412),
        ({"if-modified-since": LATER}, 304),
        ({"if-modified-since": SAME}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "never"}, 200),
        ({"if-match": "XYZ", "if-none-match": "ABC"}, 412),
    ],
)
def test_conditions(headers, status):
    assert judge_conditions(request(headers=headers), etag="ABC", modified=NOW) == status
