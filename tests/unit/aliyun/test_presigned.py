"""Presigned URLs: read without HEAD, without headers of ours, and without ever showing the signature."""

import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
import requests
import urllib3

from imgkit.aliyun.presigned import PresignedSource, PresignedUrl, open_presigned
from imgkit.errors import AccessDenied, CloudError, NoSuchBucketOrObject, ObjectChanged, SettingsError, UrlExpired
from imgkit.ports import RangeFailed, RangeSource

SIGNATURE = "5ec7e75e"
V1 = f"https://evidence.oss-cn-hangzhou.aliyuncs.com/d/x.raw.tar.gz?OSSAccessKeyId=id&Expires=1764590400&Signature={SIGNATURE}"
V4 = (
    "https://evidence.oss-cn-hangzhou.aliyuncs.com/d/x.raw.tar.gz?x-oss-date=20251201T110000Z&x-oss-expires=3600"
    f"&x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=id%2F20251201&x-oss-signature={SIGNATURE}"
)
NOON = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
DATE = "Mon, 01 Dec 2025 11:30:00 GMT"
FIRST = {
    "Content-Range": "bytes 0-0/1000",
    "ETag": '"E-1"',
    "Content-Length": "1",
    "x-oss-hash-crc64ecma": "42",
    "Date": DATE,
}

Outcome = tuple[int, dict[str, str], bytes] | Exception
Make = Callable[..., tuple[PresignedSource, "Wire"]]


class Wire(requests.adapters.BaseAdapter):  # type: ignore[misc]  # requests is untyped here
    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__()
        self.outcomes = list(outcomes)
        self.requests: list[Any] = []

    def send(self, request: Any, **_: Any) -> requests.Response:
        self.requests.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        status, headers, body = outcome
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.headers.update(headers)
        response.raw = urllib3.HTTPResponse(BytesIO(body), headers=headers, status=status, preload_content=False)
        return response

    def close(self) -> None:
        pass


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[PresignedSource] = []

    def opened(*outcomes: Outcome, url: str = V4) -> tuple[PresignedSource, Wire]:
        source = open_presigned(url, clock=lambda: NOON)
        made.append(source)
        wire = Wire(*outcomes)
        source._session.mount("https://", wire)
        return source, wire

    yield opened
    for source in made:
        source.close()


def refusal(code: str, status: int, message: str = "m", date: str = DATE) -> Outcome:
    return status, {"Date": date}, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@pytest.mark.parametrize("url", [V1, V4])
def test_both_kinds_say_when_they_end(url):
    assert PresignedUrl.parse(url).expires_at == NOON


@pytest.mark.parametrize("query", ["", "?Expires=soon", "?Expires=99999999999999999", "?x-oss-date=x&x-oss-expires=1"])
def test_a_url_need_not_say_when_it_ends(query):
    assert PresignedUrl.parse(f"https://h.example/k{query}").expires_at is None


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        (V4, "evidence", "d/x.raw.tar.gz"),
        ("https://evidence.oss-accelerate.aliyuncs.com/k", "evidence", "k"),
        ("https://evidence.cn-hangzhou.oss.aliyuncs.com/k", "evidence", "k"),
        ("https://disks.example/a/b", "disks.example", "a/b"),
        ("http://127.0.0.1:9/evidence/a%2Fb", "evidence", "a/b"),
    ],
)
def test_bucket_and_key(url, bucket, key):
    parsed = PresignedUrl.parse(url)

    assert (parsed.bucket, parsed.key) == (bucket, key)


def test_the_signature_is_shown_nowhere(make):
    source, _ = make()

    assert SIGNATURE not in source.label
    assert SIGNATURE not in repr(PresignedUrl.parse(V4))
    assert source.label == "https://evidence.oss-cn-hangzhou.aliyuncs.com/d/x.raw.tar.gz"


@pytest.mark.parametrize("url", ["http://evidence.oss-cn-hangzhou.aliyuncs.com/k?s=1", "ftp://127.0.0.1/k", "//h/k"])
def test_only_https_is_taken_but_on_loopback(url):
    with pytest.raises(SettingsError, match="must be https"):
        open_presigned(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://h.example/?Signature={SIGNATURE}",
        "https:///k",
        "",
        f"https://u:{SIGNATURE}@h/k",
        "https://h:x/k",
        "https://[::1/k",
    ],
)
def test_what_is_no_url_of_an_object_is_refused_without_quoting_it(url):
    with pytest.raises(SettingsError) as caught:
        open_presigned(url)

    assert SIGNATURE not in str(caught.value) + caught.value.hint


def test_the_first_byte_tells_size_etag_and_crc(make):
    source, wire = make((206, FIRST, b"x"))
    info = source.describe()

    assert (info.size, info.etag, info.crc64, info.key) == (1000, "E-1", 42, "d/x.raw.tar.gz")
    request = wire.requests[0]
    assert (request.method, request.headers["Range"]) == ("GET", "bytes=0-0")
    assert request.url == V4


def test_no_header_is_added_that_would_have_to_be_signed(make):
    answer = {**FIRST, "Content-Range": "bytes 5-9/1000", "Content-Length": "5"}
    source, wire = make((206, answer, b"hello"))
    port: RangeSource = source
    buffer = bytearray(9)
    with port.open_range(5, 5, etag="E-1") as body:
        assert body.readinto(memoryview(buffer)) == 5

    headers = wire.requests[0].headers
    assert buffer[:5] == b"hello"
    assert (headers["Range"], headers["If-Match"], headers["Accept-Encoding"]) == ("bytes=5-9", "E-1", "identity")
    assert not [name for name in headers if name.lower().startswith("x-oss") or name.lower() == "authorization"]


def test_an_empty_object_has_no_first_byte(make):
    source, _ = make((200, {"Content-Length": "0", "ETag": "E"}, b""))

    assert source.describe().size == 0


@pytest.mark.parametrize(
    "outcome",
    [
        (200, {"Content-Length": "1000", "ETag": "E"}, b"x" * 1000),
        (206, {"ETag": "E"}, b"x"),
        (206, {"Content-Range": "bytes 0-0/1000"}, b"x"),
        refusal("ServiceUnavailable", 503),
        (502, {}, b"<html>"),
        requests.ReadTimeout("late"),
    ],
)
def test_answers_that_may_be_better_next_time(make, outcome):
    source, _ = make(outcome)

    with pytest.raises(RangeFailed):
        source.describe()


@pytest.mark.parametrize(
    "outcome",
    [
        refusal("AccessDenied", 403, "Request has expired."),
        refusal("SecurityTokenExpired", 403),
        refusal("InvalidSecurityToken", 403),
        refusal("AccessDenied", 403, "no", date="Mon, 01 Dec 2025 12:00:01 GMT"),
    ],
)
@pytest.mark.parametrize("url", [V1, V4])
def test_an_expired_url_says_until_when_it_was_good(make, outcome, url):
    source, _ = make(outcome, url=url)

    with pytest.raises(UrlExpired, match="2025-12-01T12:00:00Z") as caught:
        source.describe()

    assert "fresh URL" in caught.value.hint


@pytest.mark.parametrize("code", ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"])
def test_a_refused_url_hints_at_its_lost_end(make, code):
    source, _ = make(refusal(code, 403))

    with pytest.raises(AccessDenied, match="incomplete") as caught:
        source.describe()

    assert "quotes" in caught.value.hint


def test_a_url_that_does_not_say_who_pays_is_told_how_to_get_one_that_does(make):
    body = b"<Error><Code>AccessDenied</Code><Message>m</Message><EC>0003-00000702</EC></Error>"
    source, _ = make((403, {"Date": DATE}, body))

    with pytest.raises(AccessDenied, match="pays for it") as caught:
        source.describe()

    assert "x-oss-request-payer=requester" in caught.value.hint


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (refusal("NoSuchKey", 404), NoSuchBucketOrObject),
        (refusal("PreconditionFailed", 412), ObjectChanged),
        (refusal("InvalidObjectState", 403), CloudError),
        ((302, {"Location": "https://elsewhere.example/"}, b""), CloudError),
    ],
)
def test_other_refusals_are_final(make, outcome, kind):
    source, wire = make(outcome)

    with pytest.raises(kind), source.open_range(0, 1, etag="E-1"):
        pass

    assert len(wire.requests) == 1


def test_another_version_is_noticed_by_its_etag(make):
    source, _ = make((206, FIRST, b"x"))

    with pytest.raises(ObjectChanged), source.open_range(0, 1, etag="other"):
        pass


def test_not_even_a_traceback_shows_the_signature(make):
    error = requests.ConnectionError(f"HTTPSConnectionPool: Max retries exceeded with url: /k?Signature={SIGNATURE}")
    source, _ = make(error)

    with pytest.raises(RangeFailed) as caught:
        source.describe()

    assert SIGNATURE not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
