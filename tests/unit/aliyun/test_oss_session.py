"""The session under oss2 and presigned URLs."""

from io import BytesIO
from typing import Any

import oss2
import pytest
import requests
import urllib3

from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.oss_session import OssSession, keep_beginning, make_session, timeouts


class Wire(requests.adapters.BaseAdapter):  # type: ignore[misc]  # requests is untyped here
    def __init__(self, status: int = 200, body: bytes = b"", error: Exception | None = None, **headers: str) -> None:
        super().__init__()
        self.status, self.body, self.error, self.headers = status, body, error, headers
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def send(self, request: Any, **options: Any) -> requests.Response:
        self.calls.append((request, options))
        if self.error:
            raise self.error
        response = requests.Response()
        response.status_code, response.request, response.url = self.status, request, request.url
        response.headers.update(self.headers)
        response.raw = urllib3.HTTPResponse(BytesIO(self.body), status=self.status, preload_content=False)
        return response

    def close(self) -> None:
        pass


def send(wire: Wire, network: NetworkSettings | None = None) -> Any:
    session = make_session(network or NetworkSettings(), scheme="https", host="oss.example", pool_size=4)
    session.mount("https://", wire)
    request = oss2.http.Request("GET", "https://oss.example/k", headers={"authorization": "OSS4 …"})
    return OssSession(session).do_request(request, timeout=(1, 2))


def test_proxies_and_certificates_come_from_the_settings_alone(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    wire = Wire()
    send(wire, NetworkSettings(https_proxy="http://settings:2", ca_bundle="/settings.pem"))

    assert wire.calls[0][1]["proxies"] == {"https": "http://settings:2"}
    assert wire.calls[0][1]["verify"] == "/settings.pem"
    assert wire.calls[0][1]["timeout"] == (1, 2)


def test_without_settings_there_is_no_proxy_and_certificates_are_checked(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    wire = Wire()
    send(wire)

    assert not wire.calls[0][1]["proxies"]
    assert wire.calls[0][1]["verify"] is True


def test_netrc_does_not_replace_the_signature(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password pw\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    wire = Wire()
    send(wire)

    assert wire.calls[0][0].headers["authorization"] == "OSS4 …"


def test_a_redirect_is_not_followed():
    wire = Wire(307, Location="https://elsewhere.example/k")

    assert send(wire).status == 307
    assert len(wire.calls) == 1


def test_connection_errors_are_those_of_oss2():
    with pytest.raises(oss2.exceptions.RequestError):
        send(Wire(error=requests.ConnectionError("refused")))


def test_a_success_is_left_unread():
    answer = send(Wire(200, b"x" * 100))

    assert answer.response.raw.read(10) == b"x" * 10


def test_of_an_error_only_the_beginning_is_read():
    answer = send(Wire(503, b"x" * 1_000_000))

    assert answer.read(4096) == b"x" * 4096
    assert len(answer.response.content) == 64 * 1024


def test_the_response_is_closed_even_where_its_error_breaks_off():
    closed: list[bool] = []

    class Broken(requests.Response):  # type: ignore[misc]  # requests is untyped here
        def close(self) -> None:
            closed.append(True)

    response = Broken()
    response.raw = urllib3.HTTPResponse(BytesIO(), preload_content=False)
    response.raw.read = lambda *_, **__: 1 / 0
    with pytest.raises(ZeroDivisionError):
        keep_beginning(response)

    assert closed


def test_time_outs_for_connecting_and_for_reading():
    assert timeouts(NetworkSettings(connect_timeout_seconds=3, read_timeout_seconds=4)) == (3, 4)
