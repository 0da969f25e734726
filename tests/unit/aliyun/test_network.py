"""Proxies by host, and plain words for failed connections."""

import socket
import ssl
from http.client import RemoteDisconnected

import pytest
import requests
import urllib3.exceptions as wire

from imgkit.aliyun.network import (
    NetworkSettings,
    describe_failure,
    is_loopback,
    is_untrusted,
    was_never_sent,
)

SECRET_URL = "/b/k?x-oss-signature=5ec7e7"


def settings(no_proxy: str = "") -> NetworkSettings:
    return NetworkSettings(https_proxy="http://proxy:3128", http_proxy="http://plain:3128", no_proxy=no_proxy)


def refused() -> requests.ConnectionError:
    new = wire.NewConnectionError(None, "Failed to establish a new connection")  # type: ignore[arg-type]  # no pool
    new.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(wire.MaxRetryError(None, SECRET_URL, new))  # type: ignore[arg-type]  # no pool


def untrusted() -> requests.exceptions.SSLError:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    inner.verify_message = "self-signed certificate"
    return requests.exceptions.SSLError(
        wire.MaxRetryError(None, SECRET_URL, wire.SSLError(inner))  # type: ignore[arg-type]  # no pool
    )


def test_each_scheme_takes_its_proxy():
    assert settings().proxies_for("https", "oss.example") == {"https": "http://proxy:3128"}
    assert settings().proxies_for("http", "oss.example") == {"http": "http://plain:3128"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.8.9.1", "::1"])
def test_loopback_never_goes_through_a_proxy(host):
    assert settings().proxies_for("http", host) == {}
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.evil.example", "0.0.0.0", "127.0.0.1.evil.example", ""])
def test_other_hosts_are_not_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "no_proxy",
    [
        "*",
        "aliyuncs.com",
        ".aliyuncs.com",
        "*.aliyuncs.com",
        "x.example, oss-cn-hangzhou.ALIYUNCS.com",
        "aliyuncs.com:443",
    ],
)
def test_listed_hosts_go_without_proxy(no_proxy):
    assert settings(no_proxy).proxies_for("https", "oss-cn-hangzhou.aliyuncs.com") == {}


@pytest.mark.parametrize("no_proxy", ["", "yuncs.com", "other.example", "10.0.0.0/8", ","])
def test_unlisted_hosts_go_through_it(no_proxy):
    assert settings(no_proxy).proxies_for("https", "oss-cn-hangzhou.aliyuncs.com")


def test_networks_are_heeded_in_no_proxy():
    assert settings("10.0.0.0/8").proxies_for("https", "10.2.3.4") == {}


def test_without_a_proxy_there_is_none():
    assert NetworkSettings().proxies_for("https", "oss.example") == {}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(), "connection refused"),
        (
            requests.ConnectionError(wire.ProtocolError("Connection aborted.", RemoteDisconnected("bye"))),
            "without an answer",
        ),
        (requests.ReadTimeout(wire.ReadTimeoutError(None, SECRET_URL, "late")), "in time"),  # type: ignore[arg-type]
        (requests.ConnectionError(socket.gaierror(-2, "Name or service not known")), "could not be resolved"),
        (wire.ProtocolError("broken", wire.IncompleteRead(1, 2)), "mid-answer"),
        (untrusted(), "not trusted (self-signed certificate)"),
        (requests.RequestException("odd"), "RequestException"),
        (
            requests.exceptions.ProxyError(wire.ProxyError("no", ConnectionRefusedError(111, "Connection refused"))),
            "the proxy did not let it through: connection refused",
        ),
        (requests.exceptions.ProxyError(wire.ProxyError("no", OSError("Tunnel connection failed: 407"))), "the proxy"),
    ],
)
def test_failures_are_told_in_plain_words_without_the_url(error, words):
    told = describe_failure(error)

    assert words in told
    assert "5ec7e7" not in told


def test_a_refused_connection_carried_no_request():
    assert was_never_sent(refused())
    assert was_never_sent(requests.ConnectTimeout(wire.MaxRetryError(None, "/", wire.ConnectTimeoutError("late"))))  # type: ignore[arg-type]
    assert was_never_sent(untrusted())


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout(wire.ReadTimeoutError(None, "/", "late")),  # type: ignore[arg-type]  # no pool
        requests.ConnectionError(wire.ProtocolError("aborted", RemoteDisconnected("bye"))),
        requests.ConnectionError(wire.ProtocolError("aborted", ConnectionResetError(104, "reset"))),
    ],
)
def test_a_broken_connection_may_have_carried_one(error):
    assert not was_never_sent(error)
    assert not is_untrusted(error)


def test_causes_that_point_at_each_other_end():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first

    assert "ValueError" in describe_failure(first)
