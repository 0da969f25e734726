"""In whose name OSS is asked: signatures, tokens that are replaced, clocks that are off; against the loopback cloud."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.integration.loopback_oss import DATA, KEY, Reach, fixed, loopback_cloud, reaching, read

from imgkit.aliyun.credential_sources import ProvidedCredentials, find_credentials
from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.oss import OssStore
from imgkit.errors import (
    AccessDenied,
    CloudError,
    SettingsError,
    UrlExpired,
)
from imgkit.ports import RangeFailed
from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.simulator import Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with loopback_cloud(tmp_path) as running:
        yield running


@pytest.fixture
def reach(simulator: Simulator) -> Iterator[Reach]:
    with reaching(simulator) as opened:
        yield opened


@pytest.fixture
def store(reach: Reach) -> OssStore:
    return reach()


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
