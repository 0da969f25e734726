"""Requests that no decent client sends: none of them may shake the loopback cloud."""

import random
import socket

import pytest
import requests

from imgkit.simulator import Simulator

LINE = b"GET /evidence/key HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cloud")
    (folder / "outside").write_text("not for you")
    return folder


@pytest.fixture(scope="module")
def cloud(folder):
    with Simulator(folder) as simulator:
        simulator.put_object("key", b"0123456789")
        yield simulator


@pytest.fixture(autouse=True)
def _unshaken(cloud):
    yield
    assert cloud.bugs == ()
    assert requests.get(f"{cloud.url}/evidence/key", timeout=20).status_code == 403


def say(cloud: Simulator, *words: bytes) -> bytes:
    """Send bytes and return the first line of what comes back."""
    with socket.create_connection(("127.0.0.1", int(cloud.url.rpartition(":")[2])), timeout=20) as wire:
        for word in words:
            try:
                wire.sendall(word)
            except ConnectionError:
                break
        wire.settimeout(20)
        try:
            wire.shutdown(socket.SHUT_WR)
            return wire.recv(65536).partition(b"\r\n")[0]
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "words",
    [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/evidence/key HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /evidence/key?%ff%00=%zz&&&= HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /evidence/key?" + b"a&" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        LINE + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        LINE + b"X: a\r\n" * 500 + b"\r\n",
        LINE + b"Content-Length: many\r\n\r\n",
        LINE + b"Content-Length: -1\r\n\r\n",
        LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE + b"Transfer-Encoding: gzip\r\n\r\n",
        LINE + b"Authorization: OSS4-HMAC-SHA256 Credential=////, Signature=\xff\r\n\r\n",
        LINE + b"Authorization: OSS4-HMAC-SHA256\r\n\r\n",
        LINE + b"Authorization: OSS :\r\nDate: never\r\n\r\n",
        LINE + b"Authorization: OSS a:\xc3\xa9\r\nDate: Thu, 99 Jan 9999 99:99:99 GMT\r\n\r\n",
        LINE + b"Authorization: Basic eDp5\r\n\r\n",
        b"GET /?x-oss-signature=%C3%A9&x-oss-credential=a/b/c/d/e&x-oss-date=x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /?Signature=%C3%A9&Expires=99999999999999999999&OSSAccessKeyId=%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /?Signature=a&Expires=999999999999999&OSSAccessKeyId=a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nx-acs-action: ExportImage\r\nAuthorization: ACS3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nx-acs-action: A\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nx-acs-action: A\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PUT /evidence/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"GET /_control/%C3%A9/faults HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /_control/\xff/faults HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_nonsense_is_answered_or_dropped(cloud, words):
    first = say(cloud, words)
    assert first == b"" or b"Error" in first or first.split()[1][:1] in {b"3", b"4", b"5"}
    assert first[:13] != b"HTTP/1.1 500 "


def test_noise_does_no_harm(cloud):
    dice = random.Random(20261122)
    for _ in range(50):
        say(cloud, LINE, dice.randbytes(dice.randrange(300)), b"\r\n\r\n")


@pytest.mark.parametrize("key", ["../../outside", "..%2F..%2Foutside", "%2e%2e/%2e%2e/outside", ".", "..", "%00"])
def test_no_key_leaves_its_bucket(cloud, folder, key):
    with requests.Session() as session:
        request = requests.Request("PUT", f"{cloud.control_url}/objects/evidence/x", data=b"new").prepare()
        request.url = f"{cloud.control_url}/objects/evidence/{key}"
        assert session.send(request, timeout=20).status_code == 200
    assert {path.name for path in folder.iterdir()} == {"outside", "buckets"}
    assert (folder / "outside").read_text() == "not for you"
    assert {path.name for path in (folder / "buckets").iterdir()} == {"evidence"}
    inside = {path.name for path in (folder / "buckets" / "evidence").iterdir()}
    assert inside <= {"objects", "records", "incoming", "versions"}


def test_what_a_client_sends_does_not_become_a_header(cloud):
    words = b"?response-content-type=a%0d%0aX-Injected:%20yes"
    with socket.create_connection(("127.0.0.1", int(cloud.url.rpartition(":")[2])), timeout=20) as wire:
        wire.sendall(b"GET /evidence/key" + words + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(4096), b""))
    assert b"\r\nX-Injected" not in answer
