"""A bucket through the real oss2, over an adapter of our own instead of the network."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from tests.unit.aliyun.oss_wire import (
    FIXED,
    HEAD,
    NOW,
    RANGE,
    Outcome,
    Tokens,
    Wire,
    bucket_page,
    page,
    read_range,
    refusal,
)

from imgkit.aliyun.credentials import Keys
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.oss import OssStore, open_bucket
from imgkit.aliyun.retrying import Retry
from imgkit.errors import CloudError, NoSuchBucketOrObject, ObjectChanged, SettingsError, UrlExpired
from imgkit.ports import ObjectStore, RangeFailed, RangeSource

Make = Callable[..., tuple[OssStore, Wire]]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[OssStore] = []

    def opened(
        *outcomes: Outcome, credentials: Any = FIXED, asked: dict[str, Any] | None = None, **options: Any
    ) -> tuple[OssStore, Wire]:
        store = open_bucket(
            "evidence",
            **(asked or {}),
            region_id="cn-hangzhou",
            credentials=credentials,
            endpoint=oss_endpoint("cn-hangzhou", **options),
            retry=Retry(attempts=3, sleep=lambda _: None, jitter=lambda: 0.0),
            clock=lambda: NOW,
        )
        made.append(store)
        wire = Wire(*outcomes)
        for scheme in ("http://", "https://"):
            store._client.session.session.mount(scheme, wire)
        return store, wire

    yield opened
    for store in made:
        store.close()


def test_they_are_the_ports_that_others_know(make):
    store, _ = make()
    port: ObjectStore = store
    source: RangeSource = store.source("k")

    assert port.bucket == "evidence"
    assert source.label == "oss://evidence/k"


def test_requests_are_signed_with_v4_over_https(make):
    store, wire = make((200, HEAD, b""))
    store.describe("k")

    request = wire.requests[0]
    assert request.url == "https://evidence.oss-cn-hangzhou.aliyuncs.com/k"
    assert request.headers["authorization"].startswith("OSS4-HMAC-SHA256 Credential=id/")
    assert "/cn-hangzhou/oss/aliyun_v4_request" in request.headers["authorization"]
    assert "imgkit/" in request.headers["User-Agent"]
    assert wire.options[0]["timeout"] == (10.0, 60.0)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"internal": True}, "https://evidence.oss-cn-hangzhou-internal.aliyuncs.com/k"),
        ({"accelerate": True}, "https://evidence.oss-accelerate.aliyuncs.com/k"),
        ({"explicit": "disks.example", "cname": True}, "https://disks.example/k"),
        ({"explicit": "http://127.0.0.1:9"}, "http://127.0.0.1:9/evidence/k"),
        ({"explicit": "localhost:9"}, "http://localhost:9/evidence/k"),
    ],
)
def test_addresses_of_objects(make, options, url):
    store, wire = make((200, HEAD, b""), **options)
    store.describe("k")

    assert wire.requests[0].url == url


def test_an_object_is_described_whole(make):
    store, wire = make((200, HEAD, b""))
    info = store.describe("k")

    assert wire.requests[0].method == "HEAD"
    assert (info.url, info.size, info.etag, info.crc64) == ("oss://evidence/k", 1000, "E-1", 2**64 - 1)
    assert (info.storage_class, info.version_id, info.request_id) == ("IA", "v1", "R1")
    assert info.restore == 'ongoing-request="true"'
    assert info.last_modified == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert info.server_date == NOW


def test_an_object_may_lack_a_crc(make):
    store, _ = make((200, {"Content-Length": "0", "ETag": "E"}, b""))

    assert store.describe("k").crc64 is None


@pytest.mark.parametrize("lacking", ["Content-Length", "ETag"])
def test_an_answer_without_size_or_etag_is_asked_again(make, lacking):
    poor = {name: value for name, value in HEAD.items() if name != lacking}
    store, wire = make((200, poor, b""), (200, HEAD, b""))

    assert store.describe("k").size == 1000
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        refusal("ServiceUnavailable", 503),
        (500, {}, b""),
        (502, {}, b"<html>bad gateway</html>"),
        requests.ConnectionError("refused"),
        requests.ReadTimeout("late"),
    ],
)
def test_the_store_asks_again_and_a_source_leaves_that_to_its_user(make, trouble):
    store, _ = make(trouble, trouble, (200, HEAD, b""))
    assert store.describe("k").size == 1000

    store, _ = make(trouble)
    with pytest.raises(RangeFailed):
        store.source("k").describe()


def test_the_store_gives_up_with_the_reason(make):
    store, _ = make(*[refusal("ServiceUnavailable", 503)] * 3)

    with pytest.raises(CloudError, match="fewer requests; asked 3 times") as caught:
        store.describe("k")

    assert caught.value.code == "ServiceUnavailable"


@pytest.mark.parametrize("how", ["store", "source"])
def test_an_object_that_is_not_there(make, how):
    store, _ = make((404, {}, b""))

    with pytest.raises(NoSuchBucketOrObject, match="oss://evidence/k"):
        store.describe("k") if how == "store" else store.source("k").describe()


def test_a_range_is_asked_for_strictly_and_read(make):
    store, wire = make((206, RANGE, b"hello"))

    assert read_range(store.source("k"), 10, 5) == b"hello"
    headers = wire.requests[0].headers
    assert headers["range"] == "bytes=10-14"
    assert headers["If-Match"] == "E-1"
    assert headers["x-oss-range-behavior"] == "standard"
    assert headers["Accept-Encoding"] == "identity"


def test_a_whole_object_instead_of_the_range_is_refused(make):
    store, _ = make((200, {**RANGE, "Content-Length": "1000"}, b"x" * 1000))

    with pytest.raises(RangeFailed, match="200"):
        read_range(store.source("k"), 10, 5)


@pytest.mark.parametrize("content_range", ["bytes 10-15/1000", "bytes", "bytes */1000", "nonsense"])
def test_another_range_is_refused_however_malformed(make, content_range):
    store, _ = make((206, {**RANGE, "Content-Range": content_range}, b"hello"))

    with pytest.raises(RangeFailed):
        read_range(store.source("k"), 10, 5)


@pytest.mark.parametrize("outcome", [refusal("PreconditionFailed", 412), (206, {**RANGE, "ETag": '"E-2"'}, b"hello")])
def test_a_replaced_object_is_an_error_of_its_own(make, outcome):
    store, _ = make(outcome)

    with pytest.raises(ObjectChanged):
        read_range(store.source("k"), 10, 5)


def test_a_body_that_ends_early_may_be_asked_again(make):
    unannounced = {name: value for name, value in RANGE.items() if name != "Content-Length"}
    store, _ = make((206, unannounced, b"hel"))

    with pytest.raises(RangeFailed, match="2 bytes early"):
        read_range(store.source("k"), 10, 5)


def test_throttling_is_told_to_the_user_of_a_source(make):
    status, headers, body = refusal("DownloadTrafficRateLimitExceeded", 503)  # type: ignore[misc]  # no exception
    store, _ = make((status, {**headers, "Retry-After": "3"}, body))

    with pytest.raises(RangeFailed) as caught:
        read_range(store.source("k"), 10, 5)

    assert caught.value.throttled
    assert caught.value.retry_after_seconds == 3.0


def test_an_error_of_the_caller_passes_through_unchanged(make):
    store, _ = make((206, RANGE, b"hello"))

    with pytest.raises(OSError, match="disk full"), store.source("k").open_range(10, 5, etag="E-1"):
        raise OSError("disk full")


def test_every_request_carries_the_token_of_the_moment(make):
    store, wire = make((206, RANGE, b"hello"), (206, RANGE, b"hello"), credentials=Tokens("a", "a", "b", "b"))
    source = store.source("k")
    read_range(source, 10, 5)
    read_range(source, 10, 5)

    assert [request.headers["x-oss-security-token"] for request in wire.requests] == ["a", "b"]


@pytest.mark.parametrize("code", ["SecurityTokenExpired", "InvalidSecurityToken"])
def test_a_dead_token_is_asked_again_only_when_there_is_a_new_one(make, code):
    store, _ = make(refusal(code, 403), credentials=Tokens("a", "a", "b"))
    with pytest.raises(RangeFailed, match="replaced"):
        read_range(store.source("k"), 10, 5)

    store, _ = make(refusal(code, 403), credentials=Tokens("a"))
    with pytest.raises(UrlExpired):
        read_range(store.source("k"), 10, 5)


def test_credentials_that_vanished_are_told_as_they_are(make):
    class Gone:
        source = "a test"

        def current(self) -> Keys:
            raise SettingsError("gone")

    store, _ = make(credentials=Gone())
    with pytest.raises(SettingsError, match="gone"):
        store.describe("k")


def test_a_listing_comes_from_all_pages_in_order(make):
    store, wire = make(page("a", "b", more="T1"), page("c"))
    found = list(store.list_objects("case7_"))

    assert [one.key for one in found] == ["a", "b", "c"]
    assert (found[0].size, found[0].etag, found[0].crc64) == (7, "E", None)
    assert found[0].last_modified == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert wire.query(0)["prefix"] == ["case7_"]
    assert wire.query(0)["max-keys"] == ["1000"]
    assert wire.query(1)["continuation-token"] == ["T1"]


@pytest.mark.parametrize("nonsense", [b"<html>", b"", b"<ListBucketResult/>", b"\xff"])
def test_a_listing_that_cannot_be_read_is_asked_again(make, nonsense):
    store, _ = make((200, {}, nonsense), page("a"))

    assert [one.key for one in store.list_objects("")] == ["a"]


def test_a_bucket_is_described(make):
    rule = "<ServerSideEncryptionRule><SSEAlgorithm>{}</SSEAlgorithm></ServerSideEncryptionRule>"
    store, _ = make(bucket_page(rule.format("KMS") + "<Versioning>Enabled</Versioning>"))
    info = store.bucket_info()

    assert (info.name, info.region_id, info.storage_class) == ("evidence", "cn-hangzhou", "Archive")
    assert (info.encryption, info.versioning) == ("KMS", "Enabled")
    assert info.extranet_endpoint == "oss-cn-hangzhou.aliyuncs.com"
    assert info.intranet_endpoint == "oss-cn-hangzhou-internal.aliyuncs.com"

    store, _ = make(bucket_page(rule.format("None")))
    assert store.bucket_info().encryption == ""
    store, _ = make(bucket_page())
    assert store.bucket_info().versioning == ""


def test_a_bucket_elsewhere_names_its_endpoint(make):
    store, _ = make(refusal("AccessDenied", 403, Endpoint="oss-cn-beijing.aliyuncs.com"))

    with pytest.raises(NoSuchBucketOrObject, match="answers at oss-cn-beijing"):
        store.bucket_info()


def test_a_restore_is_asked_for_by_days(make):
    store, wire = make((202, {"Content-Length": "0"}, b""))
    store.restore("k", days=3)

    assert wire.requests[0].method == "POST"
    assert "restore" in wire.query()
    assert b"<Days>3</Days>" in wire.requests[0].body


def test_a_restore_that_runs_already_is_no_error(make):
    store, wire = make(refusal("RestoreAlreadyInProgress", 409))
    store.restore("k", days=1)

    assert len(wire.requests) == 1


def test_another_conflict_is_one(make):
    store, _ = make(refusal("Conflict", 409, "other"))

    with pytest.raises(CloudError, match="other"):
        store.restore("k", days=1)


def test_exactly_the_key_is_deleted_and_where_wanted_exactly_the_version(make):
    store, wire = make((204, {}, b""), (204, {}, b""))
    store.delete("folder/a b")
    store.delete("k", version_id="v1")

    assert (wire.requests[0].method, urlsplit(wire.requests[0].url).path) == ("DELETE", "/folder%2Fa%20b")
    assert wire.query(0) == {}
    assert wire.query(1) == {"versionId": ["v1"]}


def test_a_redirect_is_an_error(make):
    store, wire = make((307, {"Location": "https://elsewhere.example/"}, b""))

    with pytest.raises(CloudError, match="307"):
        store.describe("k")

    assert len(wire.requests) == 1


def test_a_key_brings_no_escape_into_messages(make):
    store, _ = make((404, {}, b""))

    with pytest.raises(NoSuchBucketOrObject) as caught:
        store.describe("k\x1b]0;pwn\x07")

    assert "\x1b" not in caught.value.message
    assert "\x1b" not in store.source("k\x1b[0m").label


@pytest.mark.parametrize("bucket", ["UPPER", "a/b", ".."])
def test_a_malformed_bucket_is_refused_before_anything_is_sent(bucket):
    with pytest.raises(SettingsError):
        open_bucket(bucket, region_id="cn-hangzhou", credentials=FIXED, endpoint=oss_endpoint("cn-hangzhou"))


def test_who_pays_is_said_and_signed_in_every_request_about_objects(make):
    store, wire = make(
        (200, HEAD, b""), (206, RANGE, b"hello"), page("k"), (202, {}, b""), asked={"requester_pays": True}
    )
    store.describe("k")
    read_range(store.source("k"), 10, 5)
    list(store.list_objects(""))
    store.restore("k", days=1)
    assert [one.headers.get("x-oss-request-payer") for one in wire.requests] == ["requester"] * 4


def test_nobody_pays_unasked(make):
    store, wire = make((200, HEAD, b""))
    store.describe("k")
    assert "x-oss-request-payer" not in wire.requests[0].headers


def test_a_version_is_asked_for_by_its_id(make):
    store, wire = make((200, HEAD, b""), (206, RANGE, b"hello"), (202, {}, b""), asked={"version_id": "CAEQ1"})
    store.describe("k")
    read_range(store.source("k"), 10, 5)
    store.restore("k", days=1)
    assert [wire.query(number)["versionId"] for number in range(3)] == [["CAEQ1"]] * 3
    assert store.source("k").label == "oss://evidence/k (version CAEQ1)"


def test_an_answer_about_another_size_than_was_described_is_not_taken(make):
    store, _ = make((200, {**HEAD, "Content-Length": "999"}, b""), (206, RANGE, b"hello"))
    source = store.source("k")
    source.describe()
    with pytest.raises(RangeFailed, match="1000 bytes and not 999"):
        read_range(source, 10, 5)
