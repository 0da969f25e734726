"""What OSS refuses, and why."""

from datetime import UTC, datetime, timedelta

import oss2
import pytest
import requests

from imgkit.aliyun.oss_error_table import OSS_CODES
from imgkit.aliyun.oss_errors import (
    OssAnswer,
    describe_skew,
    error_details,
    explain_no_answer,
    explain_oss,
    read_answer,
    read_oss_error,
)
from imgkit.aliyun.retrying import TryAgain
from imgkit.errors import (
    AccessDenied,
    CloudError,
    NoSuchBucketOrObject,
    ObjectChanged,
    SettingsError,
    UrlExpired,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DOING = "fetch oss://b/k"


def answer(code: str, status: int, message: str = "", **headers: str) -> OssAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, named, {"Code": code, "Message": message, "RequestId": "R1"})


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchBucket", 404, NoSuchBucketOrObject),
        ("NoSuchKey", 404, NoSuchBucketOrObject),
        ("", 404, NoSuchBucketOrObject),
        ("AccessDenied", 403, AccessDenied),
        ("", 403, AccessDenied),
        ("UserDisable", 403, AccessDenied),
        ("InvalidAccessKeyId", 403, SettingsError),
        ("SignatureDoesNotMatch", 403, SettingsError),
        ("SecurityTokenExpired", 403, UrlExpired),
        ("InvalidSecurityToken", 403, UrlExpired),
        ("PreconditionFailed", 412, ObjectChanged),
        ("", 412, ObjectChanged),
        ("InvalidRange", 416, ObjectChanged),
        ("InvalidObjectState", 403, CloudError),
        ("Brand.New", 400, CloudError),
    ],
)
def test_errors_that_asking_again_would_not_change(code, status, kind):
    error = explain_oss(answer(code, status), doing=DOING, now=NOW)

    assert type(error) is kind
    assert str(error).startswith("Cannot fetch oss://b/k: ")
    assert error.hint


@pytest.mark.parametrize(
    ("code", "status", "throttled"),
    [
        ("ServiceUnavailable", 503, True),
        ("DownloadTrafficRateLimitExceeded", 503, True),
        ("TotalQpsLimitExceeded", 503, True),
        ("", 503, True),
        ("", 429, True),
        ("InternalError", 500, False),
        ("", 502, False),
        ("Brand.New", 504, False),
        ("RequestTimeout", 400, False),
        ("", 408, False),
    ],
)
def test_errors_that_pass(code, status, throttled):
    again = explain_oss(answer(code, status), doing=DOING, now=NOW)

    assert isinstance(again, TryAgain)
    assert again.throttled is throttled


def test_the_services_wish_to_wait_is_kept():
    again = explain_oss(answer("ServiceUnavailable", 503, Retry_After="7"), doing=DOING, now=NOW)

    assert isinstance(again, TryAgain)
    assert again.retry_after_seconds == 7.0


def test_a_frozen_object_says_how_to_thaw_it():
    error = explain_oss(answer("InvalidObjectState", 403), doing=DOING, now=NOW)

    assert isinstance(error, CloudError)
    assert "restored first" in error.message
    assert "--restore" in error.hint


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (timedelta(hours=2, minutes=5), "2 h 5 min ahead of the service's"),
        (timedelta(minutes=-40), "40 min behind the service's"),
        (timedelta(days=3), "3 d ahead of the service's"),
    ],
)
def test_a_wrong_clock_is_told_by_how_much(offset, words):
    skewed = answer("RequestTimeTooSkewed", 403, Date="Sun, 22 Nov 2026 12:00:00 GMT")
    error = explain_oss(skewed, doing=DOING, now=NOW + offset)

    assert isinstance(error, CloudError)
    assert f"this machine's clock is {words}" in error.message
    assert "clock" in error.hint


def test_the_servers_time_in_the_error_outweighs_its_header():
    details = {"Code": "RequestTimeTooSkewed", "ServerTime": "2026-11-22T10:00:00.000Z"}
    skewed = read_answer(403, {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, details)

    assert "2 h ahead of" in explain_oss(skewed, doing=DOING, now=NOW).args[0]


def test_a_wrong_clock_without_the_servers_time_is_told_without_numbers():
    error = explain_oss(answer("RequestTimeTooSkewed", 403), doing=DOING, now=NOW)

    assert "clock is wrong" in str(error)


def test_a_refusal_without_a_code_under_a_wrong_clock_is_about_the_clock():
    head = read_answer(403, {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, {})

    assert "1 h ahead" in str(explain_oss(head, doing=DOING, now=NOW + timedelta(hours=1)))
    assert "clock" not in str(explain_oss(head, doing=DOING, now=NOW + timedelta(minutes=10)))


def test_a_wrong_endpoint_names_the_right_one():
    details = {"Code": "AccessDenied", "Message": "must be addressed", "Endpoint": "oss-cn-beijing.aliyuncs.com"}
    error = explain_oss(read_answer(403, {}, details), doing=DOING, now=NOW)

    assert isinstance(error, NoSuchBucketOrObject)
    assert "no such bucket in this region" in error.message
    assert "oss-cn-beijing.aliyuncs.com" in error.message


def test_a_denial_quotes_the_services_reason_and_names_the_domain_rule():
    error = explain_oss(answer("AccessDenied", 403, "Denied by bucket policy."), doing=DOING, now=NOW)

    assert isinstance(error, AccessDenied)
    assert "Denied by bucket policy" in error.message
    assert "--cname" in error.hint


def test_expiry_is_read_from_the_words_of_a_denial():
    assert answer("AccessDenied", 403, "Request has expired.").says_expired
    assert not answer("AccessDenied", 403, "no").says_expired
    assert answer("SecurityTokenExpired", 403).is_about_token


def test_an_error_of_oss2_is_read():
    error = oss2.exceptions.ServerError(
        403, {"x-oss-request-id": "R7"}, b"", {"Code": "AccessDenied", "Message": None, "Endpoint": None}
    )
    read = read_oss_error(error)

    assert (read.refusal.code, read.refusal.status, read.refusal.request_id) == ("AccessDenied", 403, "R7")


def test_a_failed_connection_may_be_asked_again():
    error = oss2.exceptions.RequestError(requests.ConnectionError(ConnectionRefusedError(111, "Connection refused")))
    again = explain_no_answer(error, doing=DOING)

    assert isinstance(again, TryAgain)
    assert again.reason == "connection refused"


def test_what_oss2_itself_refuses_is_a_matter_of_settings():
    assert isinstance(explain_no_answer(oss2.exceptions.ClientError("bad name"), doing=DOING), SettingsError)


@pytest.mark.parametrize(
    ("skew", "words"),
    [(timedelta(seconds=3), "1 min ahead of"), (timedelta(days=-1, minutes=-1), "1 d 1 min behind")],
)
def test_skew_in_words(skew, words):
    assert describe_skew(skew) == words


def test_details_of_an_errors_xml():
    body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>a &lt; b &amp;amp;</Message><EC/></Error>"

    assert error_details(body) == {"Code": "AccessDenied", "Message": "a < b &amp;"}


@pytest.mark.parametrize("body", [b"", b"<html><Code>x</Code></html>", b"\xff\xfe", b"<Err"])
def test_other_pages_have_no_details(body):
    assert error_details(body) == {}


@pytest.mark.parametrize("code", list(OSS_CODES))
def test_every_code_of_the_table_becomes_something_to_raise(code):
    outcome = explain_oss(answer(code, 403), doing=DOING, now=NOW)

    assert isinstance(outcome, TryAgain) is OSS_CODES[code].again


def test_a_bucket_whose_reader_pays_is_told_with_the_option():
    answer = read_answer(403, {}, {"Code": "AccessDenied", "Message": "m", "EC": "0003-00000703"})
    error = explain_oss(answer, doing="fetch it", now=NOW)
    assert isinstance(error, AccessDenied)
    assert "--requester-pays" in error.hint
