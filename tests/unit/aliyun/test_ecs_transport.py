"""The SDK's client over an adapter of our own instead of the network."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
import urllib3
from darabonba.core import DaraCore

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs_transport import NoAnswer, Refused, SdkTransport
from imgkit.aliyun.endpoints import Endpoint
from imgkit.aliyun.network import DIRECT, NetworkSettings
from imgkit.errors import SettingsError

HOST = "ecs.example"
KEYS = FixedCredentials("a test", Keys("key-id", "secret", ""))


class Wire(requests.adapters.BaseAdapter):  # type: ignore[misc]  # requests is untyped here
    def __init__(self, status: int, body: bytes, error: Exception | None = None, **headers: str) -> None:
        super().__init__()
        self.status, self.body, self.error, self.headers = status, body, error, headers
        self.requests: list[Any] = []

    def send(self, request: Any, **_: Any) -> requests.Response:
        self.requests.append(request)
        if self.error:
            raise self.error
        response = requests.Response()
        response.status_code = self.status
        response.headers.update({"content-type": "application/json", **self.headers})
        response.raw = urllib3.HTTPResponse(BytesIO(self.body), status=self.status, preload_content=False)
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        pass


def transport(network: NetworkSettings = DIRECT, credentials: Any = KEYS) -> SdkTransport:
    endpoint = Endpoint(scheme="https", host=HOST)
    return SdkTransport(region_id="cn-hangzhou", credentials=credentials, endpoint=endpoint, network=network)


def session() -> Any:
    return next(one for name, one in DaraCore._sessions.items() if HOST in name)


@pytest.fixture(autouse=True)
def _no_session_stays() -> Iterator[None]:
    yield
    for name in [name for name in DaraCore._sessions if HOST in name]:
        DaraCore._sessions.pop(name).close()


def sent_through(monkeypatch: pytest.MonkeyPatch, seen: list[Any]) -> None:
    """Note with which options the real adapter would send, and send nothing."""

    def send(*_: Any, **options: Any) -> None:
        seen.append(options)
        raise requests.ReadTimeout("nothing was sent")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)


def answering(status: int, body: Any, error: Exception | None = None, **headers: Any) -> tuple[SdkTransport, Wire]:
    made = transport()
    wire = Wire(status, body if isinstance(body, bytes) else json.dumps(body).encode(), error, **headers)
    session().mount("https://", wire)
    return made, wire


def test_the_answer_comes_as_it_was_with_fields_that_the_sdk_does_not_know():
    made, wire = answering(200, {"ExportTaskId": "t-1", "Odd": [1, "2"]})

    assert made.send("ExportImage", {"ImageId": "m-1", "ResourceIds": ["a", "b"]}) == {
        "ExportTaskId": "t-1",
        "Odd": [1, "2"],
    }
    request = wire.requests[0]
    assert request.headers["x-acs-action"] == "ExportImage"
    assert request.headers["x-acs-version"] == "2014-05-26"
    assert request.headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=key-id,")
    assert "imgkit/" in request.headers["user-agent"]
    assert "ResourceIds.2=b" in request.url
    assert "x-acs-security-token" not in request.headers


def test_a_security_token_is_sent_and_asked_for_each_time():
    class Rotating:
        source = "a test"
        count = 0

        def current(self) -> Keys:
            self.count += 1
            return Keys("id", "secret", f"token{self.count}")

    made = transport(credentials=Rotating())
    wire = Wire(200, b"{}")
    session().mount("https://", wire)
    made.send("DescribeImages", {})
    made.send("DescribeImages", {})

    assert [request.headers["x-acs-security-token"] for request in wire.requests] == ["token1", "token2"]


def test_a_refusal_keeps_code_words_request_and_lacking_right():
    body = {
        "Code": "Forbidden.RAM",
        "Message": "no",
        "RequestId": "R1",
        "AccessDeniedDetail": {"AuthAction": "ecs:ExportImage"},
    }
    made, _ = answering(403, body)

    with pytest.raises(Refused) as caught:
        made.send("ExportImage", {})

    refusal = caught.value.refusal
    assert (refusal.code, refusal.status, refusal.message, refusal.request_id, refusal.action) == (
        "Forbidden.RAM",
        403,
        "no",
        "R1",
        "ecs:ExportImage",
    )


def test_a_server_error_with_a_code_is_a_refusal():
    made, wire = answering(503, {"Code": "ServiceUnavailable", "Message": "m", "RequestId": "R"})

    with pytest.raises(Refused) as caught:
        made.send("ExportImage", {})

    assert caught.value.refusal.status == 503
    assert len(wire.requests) == 1


def test_the_services_wish_to_wait_is_kept():
    made, _ = answering(400, {"Code": "Throttling"}, error=None, **{"x-acs-retry-after": "1500"})

    with pytest.raises(Refused) as caught:
        made.send("DescribeImages", {})

    assert caught.value.retry_after_seconds == 1.5


def test_an_error_without_a_code_has_an_empty_one():
    made, _ = answering(400, {})

    with pytest.raises(Refused) as caught:
        made.send("DescribeImages", {})

    assert caught.value.refusal.code == ""


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_proxys_page_is_no_answer_but_was_sent(status):
    made, wire = answering(status, b"<html>Please log in</html>")

    with pytest.raises(NoAnswer, match="not in JSON") as caught:
        made.send("ExportImage", {})

    assert caught.value.sent
    assert len(wire.requests) == 1


@pytest.mark.parametrize("body", [[], "text", None, 3])
def test_json_that_is_no_object_is_no_answer(body):
    made, _ = answering(200, body)

    with pytest.raises(NoAnswer, match="no JSON object"):
        made.send("DescribeImages", {})


@pytest.mark.parametrize("body", [[], "text"])
def test_an_error_that_is_no_object_is_no_answer(body):
    made, _ = answering(500, body)

    with pytest.raises(NoAnswer):
        made.send("DescribeImages", {})


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(status):
    made, wire = answering(status, b"", Location="https://elsewhere.example/")

    with pytest.raises(NoAnswer):
        made.send("DescribeImages", {})

    assert len(wire.requests) == 1


def test_a_time_out_is_no_answer_and_may_have_been_sent():
    made, wire = answering(0, b"", requests.ReadTimeout("late"))

    with pytest.raises(NoAnswer) as caught:
        made.send("ExportImage", {})

    assert caught.value.sent
    assert len(wire.requests) == 1


def test_a_refused_connection_was_not_sent():
    made, _ = answering(0, b"", requests.ConnectionError(ConnectionRefusedError(111, "Connection refused")))

    with pytest.raises(NoAnswer, match="connection refused") as caught:
        made.send("ExportImage", {})

    assert not caught.value.sent


def test_credentials_that_vanished_are_told_as_they_are():
    class Gone:
        source = "a test"

        def current(self) -> Keys:
            raise SettingsError("no credentials any more")

    with pytest.raises(SettingsError, match="any more"):
        transport(credentials=Gone()).send("DescribeImages", {})


def test_the_settings_decide_on_proxies_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    network = NetworkSettings(https_proxy="http://settings:2", no_proxy="other.example")
    made = transport(network)
    seen: list[Any] = []
    sent_through(monkeypatch, seen)
    with pytest.raises(NoAnswer):
        made.send("DescribeImages", {})

    assert seen[0]["proxies"] == {"https": "http://settings:2"}


def test_a_host_in_no_proxy_is_reached_directly_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    made = transport(NetworkSettings(https_proxy="http://settings:2", no_proxy=".example", ca_bundle="/some/ca.pem"))
    seen: list[Any] = []
    sent_through(monkeypatch, seen)
    with pytest.raises(NoAnswer):
        made.send("DescribeImages", {})

    assert seen[0]["proxies"] == {}
    assert seen[0]["verify"] == "/some/ca.pem"
    assert seen[0]["timeout"] == (10.0, 60.0)


def test_closing_takes_the_session_away():
    made = transport()
    made.close()
    made.close()

    assert not [name for name in DaraCore._sessions if HOST in name]
