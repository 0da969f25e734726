"""OSS through the real oss2 against the loopback cloud: signatures, ranges, tokens, archives, clocks."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastcrc import crc64

from imgkit.aliyun.credentials import Credentials, FixedCredentials, Keys, ProvidedCredentials, find_credentials
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.oss import OssStore, open_bucket
from imgkit.aliyun.oss_error_table import OSS_CODES
from imgkit.aliyun.retrying import Retry
from imgkit.errors import (
    AccessDenied,
    CloudError,
    ImgkitError,
    NoSuchBucketOrObject,
    ObjectChanged,
    SettingsError,
    UrlExpired,
)
from imgkit.ports import RangeFailed, RangeSource
from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.simulator import Simulator

DATA = bytes(range(256)) * 4096  # 1 MiB
KEY = "case7_m-1_system.raw.tar.gz"
Reach = Callable[..., OssStore]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as running:
        running.put_object(KEY, DATA, multipart=True)
        yield running
    assert running.bugs == ()


@pytest.fixture
def reach(simulator: Simulator) -> Iterator[Reach]:
    made: list[OssStore] = []

    def opened(bucket: str = "evidence", credentials: Credentials | None = None, **options: Any) -> OssStore:
        told = simulator.describe()
        region = options.pop("region_id", told["region_id"])
        keys = Keys(told["access_key_id"], told["access_key_secret"], "")
        store = open_bucket(
            bucket,
            region_id=region,
            credentials=credentials or FixedCredentials("a test", keys),
            endpoint=oss_endpoint(region, explicit=told["oss_endpoint"]),
            network=options.pop("network", NetworkSettings(read_timeout_seconds=10.0)),
            retry=Retry(attempts=3, sleep=lambda _: None),
            **options,
        )
        made.append(store)
        return store

    yield opened
    for store in made:
        store.close()


@pytest.fixture
def store(reach: Reach) -> OssStore:
    return reach()


def fixed(key: AccessKey) -> FixedCredentials:
    return FixedCredentials("a test", Keys(key.key_id, key.secret, key.token))


def read(
    source: RangeSource,
    start: int,
    length: int,
    etag: str,
    *,
    piece_bytes: int = 64 * 1024,
    into: bytearray | None = None,
) -> bytes:
    got = bytearray() if into is None else into
    buffer = bytearray(piece_bytes)
    with source.open_range(start, length, etag=etag) as body:
        while count := body.readinto(memoryview(buffer)):
            got += buffer[:count]
    return bytes(got)


def test_an_object_is_described_whole(store):
    info = store.describe(KEY)

    assert (info.size, info.crc64, info.url) == (len(DATA), crc64.xz(DATA), f"oss://evidence/{KEY}")
    assert info.etag
    assert '"' not in info.etag
    assert info.last_modified is not None
    assert info.server_date is not None
    assert abs(info.server_date - datetime.now(UTC)) < timedelta(minutes=1)
    assert info.request_id


@pytest.mark.parametrize("key", ["folder/a b+c&d=e%2F.raw", "磁盘/系统.raw", "a'b(c)*!~.raw"])
def test_signatures_hold_for_strange_keys(simulator, store, key):
    simulator.put_object(key, b"strange")
    info = store.describe(key)

    assert read(store.source(key), 0, 7, info.etag) == b"strange"
    assert [one.key for one in store.list_objects(key[:3])] == [key]


def test_all_ranges_together_are_the_object(store):
    source = store.source(KEY)
    etag = source.describe().etag
    starts = range(0, len(DATA), 100_000)
    with ThreadPoolExecutor(8) as threads:
        parts = threads.map(lambda start: read(source, start, min(100_000, len(DATA) - start), etag), starts)

        assert b"".join(parts) == DATA


def test_one_connection_serves_many_ranges(simulator, store):
    source = store.source(KEY)
    etag = source.describe().etag
    for start in range(10):
        read(source, start, 1000, etag)

    adapter = store._client.session.session.get_adapter(simulator.url)
    pools = [adapter.poolmanager.pools[key] for key in list(adapter.poolmanager.pools.keys())]
    assert [pool.num_connections for pool in pools] == [1]


def test_a_listing_of_several_pages(simulator, store):
    for number in range(1005):
        simulator.put_object(f"many/{number:05}", b"")

    keys = [one.key for one in store.list_objects("many/")]
    assert keys == [f"many/{number:05}" for number in range(1005)]


def test_a_bucket_is_described(simulator, reach):
    simulator.put_bucket(CloudBucket(name="locked", encryption="KMS", versioning="Enabled", storage_class="IA"))
    info = reach("locked").bucket_info()

    assert (info.name, info.region_id, info.encryption) == ("locked", "cn-hangzhou", "KMS")
    assert (info.versioning, info.storage_class) == ("Enabled", "IA")


def test_what_is_not_there(store, reach):
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchKey"):
        store.describe("nothere")
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchKey"):
        read(store.source("nothere"), 0, 1, "E")
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchBucket"):
        reach("nothere").bucket_info()


@pytest.mark.parametrize(("fault", "reason"), [(FaultKind.WHOLE, "200"), (FaultKind.HTML, "error of its own|fewer")])
def test_answers_that_are_not_the_range_may_be_asked_again(simulator, store, fault, reason):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(fault, action="GetObject"))

    with pytest.raises(RangeFailed, match=reason):
        read(store.source(KEY), 1000, 1000, etag)
    assert read(store.source(KEY), 1000, 1000, etag) == DATA[1000:2000]


@pytest.mark.parametrize("after", [0, 1, 70_000, 199_999])
def test_what_arrived_before_a_cut_is_given(simulator, store, after):
    source = store.source(KEY)
    etag = source.describe().etag
    simulator.add_faults(Fault(FaultKind.CUT, action="GetObject", after_bytes=after))
    got = bytearray()

    with pytest.raises(RangeFailed):
        read(source, 0, 200_000, etag, into=got, piece_bytes=1024 * 1024)

    assert bytes(got) == DATA[:after]


def test_a_stalled_connection_is_given_up_in_time(simulator, reach):
    source = reach(network=NetworkSettings(read_timeout_seconds=0.3)).source(KEY)
    etag = source.describe().etag
    simulator.add_faults(Fault(FaultKind.STALL, action="GetObject", after_bytes=5000, seconds=30.0))

    with pytest.raises(RangeFailed, match="in time"):
        read(source, 0, 100_000, etag)


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_dropped_connection_may_be_asked_again(simulator, store, kind):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(kind, action="GetObject"))

    with pytest.raises(RangeFailed):
        read(store.source(KEY), 0, 10, etag)
    assert read(store.source(KEY), 0, 10, etag) == DATA[:10]


def test_a_replaced_object_is_noticed(simulator, store):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(FaultKind.REPLACE, action="GetObject"))

    with pytest.raises(ObjectChanged):
        read(store.source(KEY), 0, 10, etag)


def test_a_range_beyond_the_end_is_never_answered_with_the_whole_object(store):
    info = store.describe(KEY)

    with pytest.raises(RangeFailed, match="another range"):
        read(store.source(KEY), info.size - 5, 10, info.etag)
    with pytest.raises(ObjectChanged, match="shorter"):
        read(store.source(KEY), info.size, 10, info.etag)


@pytest.mark.parametrize(("kind", "crc"), [(FaultKind.CRC_MISSING, None), (FaultKind.CRC_WRONG, 1)])
def test_a_crc_is_told_as_it_came(simulator, store, kind, crc):
    simulator.add_faults(Fault(kind, times=None))
    told = store.describe(KEY).crc64

    assert told is None if crc is None else told not in (None, crc64.xz(DATA))


@pytest.mark.parametrize("code", sorted(OSS_CODES))
def test_every_code_of_the_table_reaches_its_error(simulator, store, code):
    meaning = OSS_CODES[code]
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(FaultKind.ERROR, action="GetObject", code=code, status=0))

    with pytest.raises((ImgkitError, RangeFailed)) as caught:
        read(store.source(KEY), 0, 10, etag)

    if meaning.again:
        assert type(caught.value) is RangeFailed
    else:
        assert type(caught.value) is meaning.kind
        assert code in str(caught.value)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "InvalidAccessKeyId"])
def test_the_code_of_a_head_comes_through_its_header(simulator, store, code):
    simulator.add_faults(Fault(FaultKind.ERROR, action="HeadObject", code=code))

    with pytest.raises(OSS_CODES[code].kind, match=code):
        store.describe(KEY)


@pytest.mark.parametrize("code", ["ServiceUnavailable", "InternalError"])
def test_the_store_outlasts_trouble(simulator, store, code):
    simulator.add_faults(Fault(FaultKind.ERROR, code=code, times=2))
    assert store.describe(KEY).size == len(DATA)
    simulator.add_faults(Fault(FaultKind.ERROR, code=code, times=2))
    assert len(list(store.list_objects(""))) == 1
    simulator.add_faults(Fault(FaultKind.DROP_AFTER, times=2))
    assert store.bucket_info().name == "evidence"


def test_a_token_that_is_replaced_in_mid_download_is_no_trouble(simulator, reach):
    tokens = [simulator.issue_token(), simulator.issue_token()]
    turn = [0]
    source = reach(credentials=ProvidedCredentials("a test", lambda: rotating(tokens, turn))).source(KEY)
    etag = source.describe().etag
    assert read(source, 0, 10, etag) == DATA[:10]
    simulator.expire_token(tokens[0])
    turn[0] = 1

    assert read(source, 10, 10, etag) == DATA[10:20]


def test_a_token_that_dies_just_before_it_is_replaced_may_be_asked_again(simulator, reach):
    tokens = [simulator.issue_token(), simulator.issue_token()]
    asked = [0]

    def provider() -> Any:
        asked[0] += 1
        return keys_of(tokens[0] if asked[0] <= 6 else tokens[1])

    credentials = ProvidedCredentials("a test", lambda: SimpleNamespace(get_credentials=provider))
    source = reach(credentials=credentials).source(KEY)
    etag = source.describe().etag
    asked[0] = 4
    simulator.expire_token(tokens[0])

    with pytest.raises(RangeFailed, match="token was just replaced"):
        read(source, 0, 10, etag)
    assert read(source, 0, 10, etag) == DATA[:10]


def test_a_token_that_nobody_replaces_ends_the_download(simulator, reach):
    source = reach(credentials=fixed(simulator.issue_token())).source(KEY)
    etag = source.describe().etag
    simulator.add_faults(Fault(FaultKind.EXPIRE_TOKEN, action="GetObject", skip=1))
    assert read(source, 0, 10, etag) == DATA[:10]

    with pytest.raises(UrlExpired, match="token has expired") as caught:
        read(source, 10, 10, etag)

    assert "goes on where it was" in caught.value.hint


def test_the_sdks_own_provider_refreshes_in_mid_download(simulator, reach, tmp_path):
    """A credentials URI hands out tokens that are about to end: the SDK fetches a new one before each request."""
    with token_service(simulator) as (uri, issued):
        environment = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "ALIBABA_CLOUD_CREDENTIALS_URI": uri}
        credentials = find_credentials(profile="", home=tmp_path, environment=environment)
        source = reach(credentials=credentials).source(KEY)
        etag = source.describe().etag
        for start in range(5):
            simulator.expire_token(issued[-1])
            assert read(source, start, 10, etag) == DATA[start : start + 10]

    assert credentials.source == "ALIBABA_CLOUD_CREDENTIALS_URI"
    assert len(issued) > 5


def test_a_frozen_object_is_restored_and_read(simulator, store):
    simulator.put_object("frozen", b"ice", storage_class="Archive")
    simulator.change_settings(restore_seconds=3600.0)
    source = store.source("frozen")
    info = source.describe()
    assert (info.storage_class, info.frozen, info.restore) == ("Archive", True, "")
    with pytest.raises(CloudError, match="restored first"):
        read(source, 0, 3, info.etag)

    store.restore("frozen", days=1)
    store.restore("frozen", days=1)  # it runs already
    assert store.describe("frozen").restore == 'ongoing-request="true"'

    simulator.put_object("frozen", b"ice", storage_class="Archive")
    simulator.change_settings(restore_seconds=0.0)
    store.restore("frozen", days=1)
    info = store.describe("frozen")
    assert not info.frozen
    assert read(source, 0, 3, info.etag) == b"ice"


def test_only_archived_objects_can_be_restored(store):
    with pytest.raises(CloudError, match="OperationNotSupported"):
        store.restore(KEY, days=1)


def test_exactly_the_key_is_deleted(simulator, store):
    simulator.put_object(KEY + ".other", b"")
    store.delete(KEY)
    store.delete(KEY)  # again, as after a lost answer

    assert simulator.object_keys() == (KEY + ".other",)


@pytest.mark.parametrize(("offset", "words"), [(7200.0, "2 h behind"), (-7200.0, "2 h ahead of")])
@pytest.mark.parametrize("how", ["head", "get"])
def test_a_wrong_clock_is_told_by_how_much(simulator, store, offset, words, how):
    etag = store.describe(KEY).etag
    simulator.change_settings(clock_offset_seconds=offset)

    with pytest.raises(CloudError, match=f"clock is {words} the service's") as caught:
        store.describe(KEY) if how == "head" else read(store.source(KEY), 0, 10, etag)

    assert caught.value.code == "RequestTimeTooSkewed"


def test_a_wrong_secret_and_an_unknown_key(simulator, reach):
    known = simulator.describe()["access_key_id"]
    with pytest.raises(SettingsError, match="SignatureDoesNotMatch"):
        reach(credentials=FixedCredentials("a test", Keys(known, "wrong", ""))).bucket_info()
    with pytest.raises(SettingsError, match="InvalidAccessKeyId"):
        reach(credentials=FixedCredentials("a test", Keys("unknown", "wrong", ""))).bucket_info()


def test_a_bucket_of_another_region_is_refused_in_words(simulator, reach):
    simulator.put_bucket(CloudBucket(name="elsewhere", region_id="cn-beijing"))

    with pytest.raises((AccessDenied, SettingsError, CloudError)) as caught:
        reach("elsewhere").bucket_info()

    assert "elsewhere" in caught.value.message
    assert caught.value.hint


def test_requests_are_signed_with_v4_alone(simulator, store):
    simulator.change_settings(refuse_v1=True)
    store.describe(KEY)

    assert {served.signature for served in simulator.requests} == {"v4"}


def rotating(tokens: list[AccessKey], turn: list[int]) -> Any:
    return SimpleNamespace(get_credentials=lambda: keys_of(tokens[turn[0]]))


def keys_of(key: AccessKey) -> Any:
    return SimpleNamespace(
        get_access_key_id=lambda: key.key_id,
        get_access_key_secret=lambda: key.secret,
        get_security_token=lambda: key.token,
    )


class token_service:  # noqa: N801  # reads as what it is
    """A credentials URI on loopback, as `ALIBABA_CLOUD_CREDENTIALS_URI` wants it."""

    def __init__(self, simulator: Simulator) -> None:
        issued: list[AccessKey] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                key = simulator.issue_token()
                issued.append(key)
                soon = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
                body = json.dumps(
                    {
                        "Code": "Success",
                        "AccessKeyId": key.key_id,
                        "AccessKeySecret": key.secret,
                        "SecurityToken": key.token,
                        "Expiration": soon,
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.issued = issued
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> tuple[str, list[AccessKey]]:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/token", self.issued

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
