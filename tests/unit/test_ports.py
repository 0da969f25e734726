"""Tests of ports.py."""

from imgkit.errors import ImgkitError
from imgkit.ports import AnswerInDoubt, ExportRunning, RangeFailed


def test_a_range_that_failed_says_whether_the_service_asked_for_less():
    assert not RangeFailed("the connection broke").throttled
    asked = RangeFailed("SlowDown", throttled=True, retry_after_seconds=3.0)
    assert (str(asked), asked.throttled, asked.retry_after_seconds) == ("SlowDown", True, 3.0)


def test_what_must_be_answered_by_the_caller_is_no_error_for_users():
    assert not any(issubclass(each, ImgkitError) for each in (RangeFailed, AnswerInDoubt, ExportRunning))
